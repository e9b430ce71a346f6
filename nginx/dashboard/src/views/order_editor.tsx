// Edits an order.
import { useState } from "react";
import type { Versioned } from "../api/client";
import { changeOrder, readOrder, useOrdersChanged, type Order } from "../api/orders";
import { useHere } from "../format";
import { useEditing } from "../ui/editing";
import { FormFailure } from "../ui/states";
import { isOrderField, OrderForm } from "./order_form";
import { bodyOfOrder, labels, sameField, shownAs, textsOfOrder } from "./order_texts";
import type { Reasons } from "./product_fields";

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
