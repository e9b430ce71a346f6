// Moves an order on, or takes it back out of the shop.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, ApiError, bodyOf, type Versioned } from "../api/client";
import { changeOrder, readOrder, useOrdersChanged, type Order, type Status } from "../api/orders";
import { useHere, type Format } from "../format";
import { AskedButton } from "../ui/asked";
import { Conflict } from "../ui/conflict";
import { Confirm } from "../ui/dialog";
import { useToasts } from "../ui/toasts";
import { labels, sameField, shownAs, textsOfOrder, type OrderField } from "./order_texts";

/// A move of an order that somebody else has changed meanwhile.
interface Overtaken {
    status: Status;
    from: Versioned<Order>;
    now: Versioned<Order>;
}

/// Sets the status at once, and back with the server's words when it refuses.
function useStatus(order: Versioned<Order>, overtaken: (by: Overtaken) => void) {
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
        onError: async (reason, { status, from }) => {
            client.setQueryData(["order", id], from);
            const changedMeanwhile = reason instanceof ApiError && reason.status === 412;
            if (!changedMeanwhile) complain(reason);
            const now = await readOrder(id);
            client.setQueryData(["order", id], now);
            if (changedMeanwhile) overtaken({ status, from, now });
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

/// What somebody else changed, and the move.
function whatChanged({ status, from, now }: Overtaken, format: Format) {
    const [before, after] = [textsOfOrder(from.value), textsOfOrder(now.value)];
    const others = (Object.keys(labels) as OrderField[])
        .filter((field) => !sameField(before, after, field))
        .map((field) => ({ label: labels[field], theirs: shownAs(after, field, format), mine: null }));
    return [{ label: "Status", theirs: now.value.status, mine: status }, ...others];
}

/// Where an order can go from where it is.
export function StatusMoves({ order }: { order: Versioned<Order> }) {
    const { format } = useHere();
    const [asking, setAsking] = useState(false);
    const [overtaken, setOvertaken] = useState<Overtaken | null>(null);
    const move = useStatus(order, setOvertaken);
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
            {overtaken && (
                <Conflict
                    what="order"
                    rows={whatChanged(overtaken, format)}
                    keepMine={() => {
                        setOvertaken(null);
                        move.mutate({ status: overtaken.status, from: overtaken.now });
                    }}
                    takeTheirs={() => setOvertaken(null)}
                    close={() => setOvertaken(null)}
                />
            )}
        </>
    );
}

/// Deletes an open order.
export function DeleteOrder({ order }: { order: Order }) {
    const navigate = useNavigate();
    const changed = useOrdersChanged();
    const { say } = useToasts();
    return (
        <AskedButton
            name="Delete"
            title={`Delete order #${order.id}?`}
            verb="Delete order"
            does={() => bodyOf(api.DELETE("/api/orders/{id}", { params: { path: { id: order.id } } }))}
            done={() => {
                void changed();
                say(`Order #${order.id} was deleted.`);
                void navigate("/orders", { replace: true });
            }}
        >
            <p>
                {order.stockReduced ? "Its goods go back to the shelf." : "What it reserved is free again."}{" "}
                The order itself can’t be brought back.
            </p>
        </AskedButton>
    );
}
