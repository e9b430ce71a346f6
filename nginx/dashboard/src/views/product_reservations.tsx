// The open orders that name a product, and what each holds of it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, pageOf } from "../api/client";
import type { Product } from "../api/products";
import { sumOfQuantities } from "../decimal";
import { useHere } from "../format";
import { Failure } from "../ui/states";

/// The first of them, and whether there are more.
export function useReservations(id: number) {
    return useQuery({
        queryKey: ["product", id, "reservations"],
        queryFn: async ({ signal }) => {
            const pages = await Promise.all(
                (["Pending", "Processing"] as const).map((status) =>
                    pageOf(
                        api.GET("/api/orders", {
                            params: { query: { status, productId: id, limit: 20 } },
                            signal,
                        }),
                    ),
                ),
            );
            return {
                rows: pages.flatMap((page) => page.rows),
                more: pages.some((page) => page.cursor !== null),
            };
        },
    });
}

export function Reservations({ product: { id } }: { product: Product }) {
    const { format } = useHere();
    const holders = useReservations(id);
    return (
        <section className="card" aria-labelledby="reservations">
            <div className="card-head">
                <h2 id="reservations">Open orders</h2>
                {holders.data?.more && <Link to={`/orders?productId=${id}`}>All</Link>}
            </div>
            {holders.isError && <Failure reason={holders.error} />}
            {holders.data?.rows.length === 0 && <p className="soft">No open order names it.</p>}
            <ul className="rows texts">
                {holders.data?.rows.map((order) => (
                    <li key={order.id}>
                        <Link className="row-link" to={`/orders/${order.id}`}>
                            #{order.id} {order.customerName}
                        </Link>
                        <span>
                            {format.quantity(
                                sumOfQuantities(
                                    order.items
                                        .filter((item) => item.productId === id)
                                        .map((item) => item.quantity),
                                ),
                            )}
                            {order.stockReduced && <span className="soft"> taken already</span>}
                        </span>
                    </li>
                ))}
            </ul>
        </section>
    );
}
