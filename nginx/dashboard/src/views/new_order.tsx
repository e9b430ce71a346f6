import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, ApiError, bodyOf, newKey, type Schemas } from "../api/client";
import { useOrdersChanged } from "../api/orders";
import { useDraft } from "../ui/draft";
import { FormFailure, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { isOrderField, OrderForm } from "./order_form";
import { bodyOfOrder, noOrder, type OrderTexts } from "./order_texts";
import type { Reasons } from "./product_fields";

export default function NewOrder() {
    useTitle("New order");
    const draft = useDraft<OrderTexts>("new-order", () => noOrder);
    const [unreadable, setUnreadable] = useState<Reasons>({});
    const key = useRef(newKey());
    const navigate = useNavigate();
    const { say } = useToasts();
    const changed = useOrdersChanged();
    const create = useMutation({
        mutationFn: (body: Schemas["OrdersCreateBody"]) =>
            bodyOf(api.POST("/api/orders", { params: { header: { "Idempotency-Key": key.current } }, body })),
        onSuccess: (order) => {
            draft.forget();
            void changed();
            say(`Order #${order.id} was created.`);
            void navigate(`/orders/${order.id}`, { replace: true });
        },
        onError: (reason) => {
            // A refusal is on record under its key; without an answer the same key asks what became of it.
            if (reason instanceof ApiError && reason.status === 409) key.current = newKey();
        },
    });
    const submit = () => {
        const { body, wrong } = bodyOfOrder(draft.value, [
            "customerName",
            "customerEmail",
            "notes",
            "assignedTo",
            "lines",
        ]);
        setUnreadable(wrong);
        create.reset();
        // Every required field is among those that were read.
        if (Object.keys(wrong).length === 0) create.mutate(body as Schemas["OrdersCreateBody"]);
    };
    const details = create.error instanceof ApiError ? create.error.details : {};
    return (
        <form
            className="view"
            noValidate
            onSubmit={(event) => {
                event.preventDefault();
                submit();
            }}
        >
            <h1>New order</h1>
            <FormFailure reason={create.error} fields={isOrderField} />
            <OrderForm
                texts={draft.value}
                change={(next) => {
                    key.current = newKey(); // another request
                    draft.change(next);
                }}
                reasons={{ ...details, ...unreadable }}
            />
            <div className="actions">
                <Link className="button" to="/orders" onClick={draft.discard}>
                    Discard
                </Link>
                <button className="button primary" disabled={create.isPending}>
                    Create order
                </button>
            </div>
        </form>
    );
}
