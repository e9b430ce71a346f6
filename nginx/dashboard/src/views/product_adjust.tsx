// Books goods in or out, with the reason that the ledger keeps.
import { useMutation } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { ApiError, newKey } from "../api/client";
import { adjustStock, useProductsChanged, type Product } from "../api/products";
import { parseDecimal, sumOfQuantities } from "../decimal";
import { useHere } from "../format";
import { Dialog } from "../ui/dialog";
import { useDraft } from "../ui/draft";
import { NumberField, TextField } from "../ui/field";
import { FormFailure } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { noNumber } from "./product_fields";

const usualReasons = [
    "Delivery",
    "Return",
    "Damaged",
    "Own use",
    "Found at the count",
    "Missing at the count",
];

function AdjustForm({ product, close }: { product: Product; close: () => void }) {
    const { format } = useHere();
    const { say, complain } = useToasts();
    const changed = useProductsChanged();
    const draft = useDraft(`adjust-${product.id}`, () => ({ direction: 1, amount: "", reason: "" }));
    const { direction, amount, reason } = draft.value;
    const [unreadable, setUnreadable] = useState<string>();
    const reasons = useId();
    const key = useRef(newKey());
    const parsed = parseDecimal(amount);
    const change = (changes: Partial<typeof draft.value>) => {
        key.current = newKey(); // another request
        draft.change({ ...draft.value, ...changes });
    };
    const delta = parsed === null ? null : direction * Math.abs(Number(parsed));
    const undo = (by: number) =>
        void adjustStock(product.id, -by, `Undone: ${reason}`.slice(0, 200), newKey())
            .then(() => changed(product.id))
            .then(() => say("The adjustment was undone."))
            .catch(complain);
    const adjust = useMutation({
        mutationFn: (by: number) => adjustStock(product.id, by, reason, key.current),
        onSuccess: (movement, by) => {
            draft.forget();
            void changed(product.id);
            say(`${product.name}: ${format.quantity(movement.balance)} on hand.`, () => undo(by));
            close();
        },
        onError: (refusal) => {
            // A refusal is on record under its key; without an answer the same key asks what became of it.
            if (refusal instanceof ApiError && refusal.status === 409) key.current = newKey();
        },
    });
    const details = adjust.error instanceof ApiError ? adjust.error.details : {};
    return (
        <form
            className="form"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                setUnreadable(delta === null ? noNumber : undefined);
                if (delta !== null) adjust.mutate(delta);
            }}
        >
            <div className="segments" role="group" aria-label="Direction">
                <button type="button" aria-pressed={direction === 1} onClick={() => change({ direction: 1 })}>
                    In
                </button>
                <button
                    type="button"
                    aria-pressed={direction === -1}
                    onClick={() => change({ direction: -1 })}
                >
                    Out
                </button>
            </div>
            <NumberField
                label="Quantity"
                value={amount}
                change={(text) => change({ amount: text })}
                error={unreadable ?? details["delta"]}
                hint={
                    delta === null
                        ? `${format.quantity(product.stock)} on hand`
                        : `${format.quantity(product.stock)} → ${format.quantity(sumOfQuantities([product.stock, delta]))} on hand`
                }
                required
            />
            <TextField
                label="Reason"
                value={reason}
                change={(text) => change({ reason: text })}
                error={details["reason"]}
                list={reasons}
                required
            />
            <datalist id={reasons}>
                {usualReasons.map((text) => (
                    <option key={text} value={text} />
                ))}
            </datalist>
            <FormFailure reason={adjust.error} fields={(field) => field === "delta" || field === "reason"} />
            <div className="actions">
                <button
                    className="button"
                    type="button"
                    onClick={() => {
                        draft.forget();
                        close();
                    }}
                >
                    Cancel
                </button>
                <button className="button primary" disabled={adjust.isPending}>
                    Adjust stock
                </button>
            </div>
        </form>
    );
}

/// A button, and the form behind it.
export function AdjustButton({ product }: { product: Product }) {
    const [open, setOpen] = useState(false);
    return (
        <>
            <button className="button" type="button" onClick={() => setOpen(true)}>
                Adjust
            </button>
            {open && (
                <Dialog title={`Adjust the stock of ${product.name}`} close={() => setOpen(false)}>
                    <AdjustForm product={product} close={() => setOpen(false)} />
                </Dialog>
            )}
        </>
    );
}
