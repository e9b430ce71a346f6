// An order: what it holds, where it stands, what can be done with it.
import { Link, useParams } from "react-router";
import type { Versioned } from "../api/client";
import { useColleagues, useOrder, type Order as OrderType } from "../api/orders";
import { useHere } from "../format";
import { useFilters } from "../ui/filters";
import { ItemHead } from "../ui/head";
import { OnRecord } from "../ui/on_record";
import { Single, useTitle } from "../ui/states";
import { StatusBadge } from "../ui/status";
import { DeleteOrder, StatusMoves } from "./order_actions";
import { OrderEditor } from "./order_editor";

function Items({ order }: { order: OrderType }) {
    const { format } = useHere();
    return (
        <section className="card" aria-labelledby="items">
            <h2 id="items">Items</h2>
            <table className="plain-table">
                <thead>
                    <tr>
                        <th scope="col">Product</th>
                        <th scope="col" className="number w-s">
                            Quantity
                        </th>
                        <th scope="col" className="wide number w-s">
                            Price
                        </th>
                        <th scope="col" className="number w-s">
                            Sum
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {order.items.map((item, index) => (
                        // An order's lines have no ids, and may name a product twice.
                        <tr key={index}>
                            <td>
                                <Link className="row-link" to={`/products/${item.productId}`}>
                                    {item.productName}
                                </Link>
                            </td>
                            <td className="number">{format.quantity(item.quantity)}</td>
                            <td className="wide number">{format.money(item.price)}</td>
                            <td className="number">{format.money(item.lineTotal)}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <p className="total">
                <span>Total</span>
                <span>{format.money(order.total)}</span>
            </p>
        </section>
    );
}

function About({ order }: { order: OrderType }) {
    const { format } = useHere();
    const colleagues = useColleagues();
    const assigned = colleagues.data?.find((user) => user.id === order.assignedTo)?.name;
    return (
        <section className="card" aria-labelledby="about">
            <h2 id="about">About</h2>
            <dl className="facts">
                <dt>Customer</dt>
                <dd>{order.customerName}</dd>
                {order.customerEmail !== null && (
                    <>
                        <dt>E-mail</dt>
                        <dd>
                            <a href={`mailto:${encodeURIComponent(order.customerEmail)}`}>
                                {order.customerEmail}
                            </a>
                        </dd>
                    </>
                )}
                <dt>Assigned to</dt>
                <dd>{order.assignedTo === null ? "Nobody" : (assigned ?? "…")}</dd>
                <dt>Created</dt>
                <dd>
                    <OnRecord entity="order" id={order.id}>
                        {format.moment(order.createdAt)}
                    </OnRecord>
                </dd>
                {order.completedAt !== null && (
                    <>
                        <dt>Completed</dt>
                        <dd>{format.moment(order.completedAt)}</dd>
                    </>
                )}
                <dt>Goods</dt>
                <dd>{order.stockReduced ? "Off the shelf" : "Reserved"}</dd>
                <dt>Rules</dt>
                <dd>
                    <Link to={`/workflows/runs?orderId=${order.id}`}>What they did</Link>
                </dd>
            </dl>
        </section>
    );
}

function Shown({ order: versioned }: { order: Versioned<OrderType> }) {
    const order = versioned.value;
    const filters = useFilters();
    const editing = filters.get("edit") === "true";
    const { me } = useHere();
    useTitle(`Order #${order.id}`);
    return (
        <div className="view">
            <p className="print-only">{me.shop.name}</p>
            <ItemHead
                list={{ to: "/orders", name: "Orders" }}
                title={`Order #${order.id}`}
                state={<StatusBadge status={order.status} />}
            >
                {!editing && (
                    <>
                        {order.status !== "Completed" && <DeleteOrder order={order} />}
                        <button className="button" type="button" onClick={() => window.print()}>
                            Print
                        </button>
                        <button
                            className="button"
                            type="button"
                            onClick={() => filters.set({ edit: "true" })}
                        >
                            {order.status === "Completed" ? "Edit notes" : "Edit"}
                        </button>
                        <StatusMoves order={versioned} />
                    </>
                )}
            </ItemHead>
            {editing ? (
                <OrderEditor order={versioned} close={() => filters.set({ edit: "" })} />
            ) : (
                <div className="split">
                    <Items order={order} />
                    <div className="stack">
                        <About order={order} />
                        {order.notes !== null && (
                            <section className="card" aria-labelledby="notes">
                                <h2 id="notes">Notes</h2>
                                <p className="notes">{order.notes}</p>
                            </section>
                        )}
                    </div>
                </div>
            )}
        </div>
    );
}

export default function Order() {
    const id = Number(useParams()["id"]);
    return (
        <Single query={useOrder(id)} list={<Link to="/orders">All orders</Link>}>
            {(order) => <Shown order={order} />}
        </Single>
    );
}
