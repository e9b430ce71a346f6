// Every change of a product's stock, with its reason.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link } from "react-router";
import { api, bodyOf } from "../api/client";
import type { Product } from "../api/products";
import { useHere } from "../format";
import { Failure, Loading } from "../ui/states";

const Stock = lazy(() => import("../charts/stock"));

const newest = 30; // rows below the chart

export function Ledger({ product }: { product: Product }) {
    const { format } = useHere();
    const { id, minStock } = product;
    const ledger = useQuery({
        queryKey: ["product", id, "movements"],
        queryFn: ({ signal }) =>
            bodyOf(
                api.GET("/api/products/{id}/movements", {
                    params: { path: { id }, query: { archived: true } },
                    signal,
                }),
            ),
    });
    const movements = ledger.data ?? [];
    const shown = movements.slice(-newest).reverse();
    return (
        <section className="card" aria-labelledby="ledger">
            <h2 id="ledger">Ledger</h2>
            {ledger.isPending && <Loading />}
            {ledger.isError && <Failure reason={ledger.error} again={() => void ledger.refetch()} />}
            {ledger.data && (
                <>
                    <Suspense fallback={<div className="chart-frame" />}>
                        <Stock movements={movements} minStock={minStock} />
                    </Suspense>
                    {movements.length > newest && (
                        <p className="soft small">
                            The newest {newest} of {format.count(movements.length)} movements.
                        </p>
                    )}
                    <table className="plain-table">
                        <thead>
                            <tr>
                                <th scope="col" className="wide w-moment">
                                    When
                                </th>
                                <th scope="col">Why</th>
                                <th scope="col" className="number w-s">
                                    Change
                                </th>
                                <th scope="col" className="number w-s">
                                    On hand
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {shown.map((movement) => (
                                <tr key={movement.id}>
                                    <td className="wide">{format.moment(movement.createdAt)}</td>
                                    <td>
                                        {movement.orderId === null ? (
                                            movement.reason
                                        ) : (
                                            <Link to={`/orders/${movement.orderId}`}>{movement.reason}</Link>
                                        )}
                                        {movement.user && (
                                            <span className="soft"> · {movement.user.username}</span>
                                        )}
                                        <span className="phone-only soft small">
                                            <br />
                                            {format.moment(movement.createdAt)}
                                        </span>
                                    </td>
                                    <td className="number">
                                        {movement.delta > 0 ? "+" : ""}
                                        {format.quantity(movement.delta)}
                                    </td>
                                    <td className="number">{format.quantity(movement.balance)}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </>
            )}
        </section>
    );
}
