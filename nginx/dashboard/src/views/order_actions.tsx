// Moves an order on, or takes it back out of the shop.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, bodyOf, type Versioned } from "../api/client";
import { changeOrder, readOrder, useOrdersChanged, type Order, type Status } from "../api/orders";
import { useHere } from "../format";
import { Confirm } from "../ui/dialog";
import { useToasts } from "../ui/toasts";

/// Sets the status at once, and back with the server's words when it refuses.
function useStatus(order: Versioned<Order>) {
    const client = useQueryClient();
    const changed = useOrdersChanged();
    const { say, complain } = useToasts();
    const { id } = order.value;
    const move = useMutation({
        mutationFn: ({ status, from }: { status: Status; from: Versioned<Order> }) =>
            changeOrder(id, from.etag, { status }),
        onMutate: ({ status, from }) => {
            if (status !== "Completed") {
                client.setQueryData(["order", id], { ...from, value: { ...from.value, status } });
            }
        },
        onError: async (reason, { from }) => {
            client.setQueryData(["order", id], from);
            complain(reason);
            client.setQueryData(["order", id], await readOrder(id));
        },
        onSuccess: (moved, { status, from }) => {
            client.setQueryData(["order", id], moved);
            void changed();
            const back = from.value.status;
            say(
                `Order #${id} is ${status.toLowerCase()}.`,
                status === "Completed" ? undefined : () => move.mutate({ status: back, from: moved }),
            );
        },
    });
    return move;
}

/// Where an order can go from where it is.
export function StatusMoves({ order }: { order: Versioned<Order> }) {
    const { format } = useHere();
    const [asking, setAsking] = useState(false);
    const move = useStatus(order);
    const { id, status, total, customerName, stockReduced } = order.value;
    if (status === "Completed") return null;
    const other: Status = status === "Pending" ? "Processing" : "Pending";
    return (
        <>
            <button
                className="button"
                type="button"
                disabled={move.isPending}
                onClick={() => move.mutate({ status: other, from: order })}
            >
                {status === "Pending" ? "Start processing" : "Back to pending"}
            </button>
            <button
                className="button primary"
                type="button"
                disabled={move.isPending}
                onClick={() => setAsking(true)}
            >
                Complete
            </button>
            {asking && (
                <Confirm
                    title={`Complete order #${id}?`}
                    verb="Complete order"
                    busy={move.isPending}
                    close={() => setAsking(false)}
                    confirm={() => {
                        setAsking(false);
                        move.mutate({ status: "Completed", from: order });
                    }}
                >
                    <p>
                        {customerName}, {format.money(total)}.{" "}
                        {stockReduced ? "Its goods are off the shelf already." : "Its goods leave the shelf."}{" "}
                        This is final: a completed order can’t be changed or deleted any more, its notes
                        aside.
                    </p>
                </Confirm>
            )}
        </>
    );
}

/// Deletes an open order.
export function DeleteOrder({ order }: { order: Order }) {
    const [asking, setAsking] = useState(false);
    const navigate = useNavigate();
    const changed = useOrdersChanged();
    const { say, complain } = useToasts();
    const remove = useMutation({
        mutationFn: () => bodyOf(api.DELETE("/api/orders/{id}", { params: { path: { id: order.id } } })),
        onSettled: () => setAsking(false),
        onError: complain,
        onSuccess: () => {
            void changed();
            say(`Order #${order.id} was deleted.`);
            void navigate("/orders", { replace: true });
        },
    });
    return (
        <>
            <button className="button" type="button" onClick={() => setAsking(true)}>
                Delete
            </button>
            {asking && (
                <Confirm
                    title={`Delete order #${order.id}?`}
                    verb="Delete order"
                    danger
                    busy={remove.isPending}
                    confirm={() => remove.mutate()}
                    close={() => setAsking(false)}
                >
                    <p>
                        {order.stockReduced
                            ? "Its goods go back to the shelf."
                            : "What it reserved is free again."}{" "}
                        The order itself can’t be brought back.
                    </p>
                </Confirm>
            )}
        </>
    );
}
