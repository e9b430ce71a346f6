// Edits an order: only what was changed is sent, and only over what was read.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, type Versioned } from "../api/client";
import { changeOrder, readOrder, useOrdersChanged, type Order } from "../api/orders";
import { useHere, type Format } from "../format";
import { Conflict } from "../ui/conflict";
import { useDraft } from "../ui/draft";
import { FormFailure } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { isOrderField, OrderForm } from "./order_form";
import { bodyOfOrder, textsOfOrder, totalOf, type OrderField, type OrderTexts } from "./order_texts";
import type { Reasons } from "./product_fields";

interface Draft {
    base: Versioned<Order>;
    texts: OrderTexts;
}

const fields: Record<OrderField, string> = {
    customerName: "Customer",
    customerEmail: "E-mail",
    lines: "Items",
    assignedTo: "Assigned to",
    notes: "Notes",
};
const names = Object.keys(fields) as OrderField[];

function sameField(one: OrderTexts, other: OrderTexts, field: OrderField): boolean {
    if (field !== "lines") return one[field] === other[field];
    const said = ({ lines }: OrderTexts) => lines.map((line) => [line.productId, line.quantity, line.price]);
    return JSON.stringify(said(one)) === JSON.stringify(said(other));
}

const differing = (one: OrderTexts, other: OrderTexts) =>
    names.filter((field) => !sameField(one, other, field));

function shownAs(texts: OrderTexts, field: OrderField, format: Format): string {
    if (field === "assignedTo") return texts.assignedTo && `#${texts.assignedTo}`;
    if (field !== "lines") return texts[field];
    const total = totalOf(texts.lines);
    const lines = texts.lines.map((line) => `${line.quantity} × ${line.name}`).join(", ");
    return total === null ? lines : `${lines} (${format.money(total)})`;
}

interface EditorProps {
    order: Versioned<Order>;
    close: () => void;
}

export function OrderEditor({ order, close }: EditorProps) {
    const { format } = useHere();
    const { id, status } = order.value;
    const [draft, setDraft, forget] = useDraft<Draft | null>(`order-${id}`, () => null);
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const [theirs, setTheirs] = useState<Versioned<Order> | null>(null);
    const client = useQueryClient();
    const changed = useOrdersChanged();
    const { say } = useToasts();
    const base = draft?.base ?? order;
    const before = textsOfOrder(base.value);
    const texts = draft?.texts ?? before;
    const changes = differing(texts, before);
    const done = (now: Versioned<Order>) => {
        client.setQueryData(["order", id], now);
        forget();
        close();
    };
    const save = useMutation({
        mutationFn: ({ etag, body }: { etag: string; body: Parameters<typeof changeOrder>[2] }) =>
            changeOrder(id, etag, body),
        onSuccess: (saved) => {
            void changed();
            say("Saved.");
            done(saved);
        },
        onError: async (reason) => {
            if (reason instanceof ApiError && reason.status === 412) setTheirs(await readOrder(id));
        },
    });
    const submit = (over: Versioned<Order>) => {
        const { body, wrong } = bodyOfOrder(texts, changes);
        setUnreadable(wrong);
        setTheirs(null);
        if (Object.keys(wrong).length === 0) save.mutate({ etag: over.etag, body });
    };
    const cancel = () => {
        forget();
        close();
    };
    const refused = save.error instanceof ApiError && save.error.status === 412 ? null : save.error;
    const details = refused instanceof ApiError ? refused.details : {};
    const now = theirs && textsOfOrder(theirs.value);
    return (
        <form
            className="stack"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                if (changes.length > 0) submit(base);
                else close();
            }}
        >
            <FormFailure reason={refused} fields={isOrderField} />
            <OrderForm
                texts={texts}
                change={(next) => setDraft({ base, texts: next })}
                reasons={{ ...details, ...unreadable }}
                closed={status === "Completed"}
            />
            <div className="actions">
                <button className="button" type="button" onClick={cancel}>
                    Discard
                </button>
                <button className="button primary" disabled={save.isPending}>
                    Save
                </button>
            </div>
            {theirs !== null && now !== null && (
                <Conflict
                    what="order"
                    rows={names
                        .filter((field) => changes.includes(field) || !sameField(now, before, field))
                        .map((field) => ({
                            label: fields[field],
                            theirs: shownAs(now, field, format),
                            mine: changes.includes(field) ? shownAs(texts, field, format) : null,
                        }))}
                    keepMine={() => submit(theirs)}
                    takeTheirs={() => done(theirs)}
                    close={() => setTheirs(null)}
                />
            )}
        </form>
    );
}
