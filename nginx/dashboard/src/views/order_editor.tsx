// Edits an order.
import { useState } from "react";
import type { Versioned } from "../api/client";
import { changeOrder, readOrder, useOrdersChanged, type Order } from "../api/orders";
import { useHere, type Format } from "../format";
import { useEditing } from "../ui/editing";
import { FormFailure } from "../ui/states";
import { isOrderField, OrderForm } from "./order_form";
import { bodyOfOrder, textsOfOrder, totalOf, type OrderField, type OrderTexts } from "./order_texts";
import type { Reasons } from "./product_fields";

const labels: Record<OrderField, string> = {
    customerName: "Customer",
    customerEmail: "E-mail",
    lines: "Items",
    assignedTo: "Assigned to",
    notes: "Notes",
};

function sameField(one: OrderTexts, other: OrderTexts, field: OrderField): boolean {
    if (field !== "lines") return one[field] === other[field];
    const said = ({ lines }: OrderTexts) => lines.map((line) => [line.productId, line.quantity, line.price]);
    return JSON.stringify(said(one)) === JSON.stringify(said(other));
}

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
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const changed = useOrdersChanged();
    const { texts, change, changes, save, saving, refused, reasons, discard, conflict } = useEditing({
        what: "order",
        id,
        current: order,
        labels,
        textsOf: textsOfOrder,
        differs: (one, other, field) => !sameField(one, other, field),
        shownAs: (shown, field) => shownAs(shown, field, format),
        read: readOrder,
        write: changeOrder,
        saved: () => void changed(),
        done: close,
    });
    const submit = () => {
        const { body, wrong } = bodyOfOrder(texts, changes);
        setUnreadable(wrong);
        if (Object.keys(wrong).length === 0) save(body);
    };
    const cancel = () => {
        discard();
        close();
    };
    return (
        <form
            className="stack"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                if (changes.length > 0) submit();
                else close();
            }}
        >
            <FormFailure reason={refused} fields={isOrderField} />
            <OrderForm
                texts={texts}
                change={change}
                reasons={{ ...reasons, ...unreadable }}
                closed={status === "Completed"}
            />
            <div className="actions">
                <button className="button" type="button" onClick={cancel}>
                    Discard
                </button>
                <button className="button primary" disabled={saving}>
                    Save
                </button>
            </div>
            {conflict}
        </form>
    );
}
