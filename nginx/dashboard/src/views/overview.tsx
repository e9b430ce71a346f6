// What one looks at in the morning: what came in, what is low, what is mine to do, whether all is well.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, pageOf, type Schemas } from "../api/client";
import { readSummary, useHealth } from "../api/health";
import { useHere } from "../format";
import { Failure, Loading, useTitle } from "../ui/states";
import { Revenue } from "./overview_revenue";

const statuses = ["Pending", "Processing", "Completed"] as const;
const freshMs = 60_000;

function useCounts() {
    return useQuery({
        queryKey: ["orders", "counts"],
        queryFn: ({ signal }) =>
            Promise.all(
                statuses.map((status) =>
                    pageOf(
                        api.GET("/api/orders", {
                            params: { query: { status, limit: 1, count: true } },
                            signal,
                        }),
                    ),
                ),
            ),
        refetchInterval: freshMs,
    });
}

function Counts() {
    const { format } = useHere();
    const counts = useCounts();
    if (counts.isError) return <Failure reason={counts.error} again={() => void counts.refetch()} />;
    return (
        <section className="figures" aria-label="Orders by status">
            {statuses.map((status, index) => (
                <Link key={status} className="card figure row-link" to={`/orders?status=${status}`}>
                    <p className="soft">
                        {status}
                        <span className="wide"> orders</span>
                    </p>
                    <p className="value">
                        {counts.data ? format.count(counts.data[index]?.total ?? 0) : "…"}
                    </p>
                </Link>
            ))}
        </section>
    );
}

function useLowStock() {
    return useQuery({
        queryKey: ["products", "low"],
        queryFn: ({ signal }) =>
            pageOf(
                api.GET("/api/products", {
                    params: { query: { lowStock: true, limit: 8, count: true } },
                    signal,
                }),
            ),
        refetchInterval: freshMs,
    });
}

function LowStock() {
    const { format } = useHere();
    const low = useLowStock();
    const total = low.data?.total ?? 0;
    return (
        <section className="card" aria-labelledby="low-stock">
            <div className="card-head">
                <h2 id="low-stock">Low stock</h2>
                {total > 0 && <Link to="/products?lowStock=true&sort=stock">All {format.count(total)}</Link>}
            </div>
            {low.isError && <Failure reason={low.error} />}
            {low.data && total === 0 && <p className="soft">Everything is above its minimum.</p>}
            <ul className="rows">
                {low.data?.rows.map(({ id, name, stock, minStock }) => (
                    <li key={id}>
                        <Link className="row-link" to={`/products/${id}`}>
                            {name}
                        </Link>
                        <span className="soft">
                            <strong>{format.quantity(stock)}</strong> of at least {format.quantity(minStock)}
                        </span>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function useAssignments() {
    const { me } = useHere();
    return useQuery({
        queryKey: ["orders", "mine"],
        queryFn: async ({ signal }) => {
            const pages = await Promise.all(
                (["Processing", "Pending"] as const).map((status) =>
                    pageOf(
                        api.GET("/api/orders", {
                            params: { query: { status, assignedTo: me.user.id, limit: 8, count: true } },
                            signal,
                        }),
                    ),
                ),
            );
            return {
                total: pages.reduce((sum, page) => sum + (page.total ?? 0), 0),
                rows: pages.flatMap((page) => page.rows).slice(0, 8),
            };
        },
        refetchInterval: freshMs,
    });
}

function Assignments() {
    const { me, format } = useHere();
    const open = useAssignments();
    return (
        <section className="card" aria-labelledby="assignments">
            <div className="card-head">
                <h2 id="assignments">Assigned to you</h2>
                {open.data && open.data.total > 0 && (
                    <Link to={`/orders?assignedTo=${me.user.id}`}>{format.count(open.data.total)} open</Link>
                )}
            </div>
            {open.isError && <Failure reason={open.error} />}
            {open.data?.total === 0 && <p className="soft">Nothing is waiting for you.</p>}
            <ul className="rows">
                {open.data?.rows.map(({ id, customerName, total, createdAt }) => (
                    <li key={id}>
                        <Link className="row-link" to={`/orders/${id}`}>
                            #{id} {customerName}
                        </Link>
                        <span className="soft">
                            {format.money(total)} · {format.ago(createdAt)}
                        </span>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function Books({ summary }: { summary: Schemas["Summary"] }) {
    const { format } = useHere();
    const { inventory, revenue, topProducts } = summary;
    return (
        <>
            <section className="card" aria-labelledby="top-products">
                <h2 id="top-products">Best sellers of 30 days</h2>
                {topProducts.length === 0 && <p className="soft">Nothing was sold yet.</p>}
                <ul className="rows">
                    {topProducts.slice(0, 8).map((product) => (
                        <li key={product.productId}>
                            <Link className="row-link" to={`/products/${product.productId}`}>
                                {product.name}
                            </Link>
                            <span className="soft">{format.money(product.revenue)}</span>
                        </li>
                    ))}
                </ul>
            </section>
            <section className="card" aria-labelledby="inventory">
                <h2 id="inventory">Inventory</h2>
                <dl className="facts">
                    <dt>Products</dt>
                    <dd>{format.count(inventory.products)}</dd>
                    <dt>Value on hand</dt>
                    <dd>{format.money(inventory.value)}</dd>
                    <dt>Out of stock</dt>
                    <dd>{format.count(inventory.outOfStock)}</dd>
                    <dt>Value of open orders</dt>
                    <dd>{format.money(revenue.open)}</dd>
                </dl>
            </section>
        </>
    );
}

function Health() {
    const { format } = useHere();
    const health = useHealth();
    const { data } = health;
    const wrong = data?.checks.filter((check) => check.status !== "ok") ?? [];
    const tone = { healthy: "good", degraded: "warn", unhealthy: "bad" } as const;
    return (
        <section className="card" aria-labelledby="health">
            <div className="card-head">
                <h2 id="health">
                    <Link className="row-link" to="/admin/health">
                        Health
                    </Link>
                </h2>
                {data && <span className={`badge ${tone[data.status]}`}>{data.status}</span>}
            </div>
            {health.isError && <Failure reason={health.error} />}
            {data && wrong.length === 0 && (
                <p className="soft">
                    All {format.count(data.checks.length)} checks are fine, {format.ago(data.checkedAt)}.
                </p>
            )}
            <ul className="rows">
                {wrong.map((check) => (
                    <li key={check.name}>
                        <span>
                            <strong>{check.name}</strong>: {check.message}
                        </span>
                    </li>
                ))}
            </ul>
            {wrong.length > 0 && <Link to="/admin/health">What to do about it</Link>}
        </section>
    );
}

function useSummary() {
    return useQuery({
        queryKey: ["summary"],
        queryFn: ({ signal }) => readSummary(signal),
        refetchInterval: freshMs,
    });
}

function StaffOverview() {
    const parts = [useCounts(), useAssignments(), useLowStock()];
    // All of it at once: nothing moves under anybody's finger.
    if (parts.some(({ isPending }) => isPending)) return <Loading />;
    return (
        <>
            <Counts />
            <div className="pair">
                <Assignments />
                <LowStock />
            </div>
        </>
    );
}

function AdministratorsOverview() {
    const summary = useSummary();
    const parts = [summary, useCounts(), useAssignments(), useLowStock(), useHealth()];
    if (parts.some(({ isPending }) => isPending)) return <Loading />;
    return (
        <>
            {summary.isError && <Failure reason={summary.error} again={() => void summary.refetch()} />}
            {summary.data && <Revenue summary={summary.data} />}
            <Counts />
            <div className="pair">
                <Assignments />
                <LowStock />
                {summary.data && <Books summary={summary.data} />}
                <Health />
            </div>
        </>
    );
}

export function Overview() {
    const { me } = useHere();
    useTitle("Overview");
    return (
        <div className="view">
            <div className="view-head">
                <h1>Overview</h1>
                <Link className="button primary" to="/orders/new">
                    New order
                </Link>
            </div>
            {me.user.role === "admin" ? <AdministratorsOverview /> : <StaffOverview />}
        </div>
    );
}
