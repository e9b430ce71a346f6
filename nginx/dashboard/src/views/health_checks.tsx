// The checks that cost nothing, in plain words: what each means, and what to do where it isn't fine.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { api, bodyOf, type Schemas } from "../api/client";

type Health = Schemas["Health"];
/// Some checks say which orders they are about.
type Check = Health["checks"][number] & { orderIds?: number[] };

const tones = { ok: "good", degraded: "warn", unhealthy: "bad" } as const;
const short = { ok: "fine", degraded: "look", unhealthy: "broken" } as const;

interface Words {
    title: string;
    remedy: (check: Check) => ReactNode;
}

const words: Record<string, Words> = {
    database: {
        title: "Database",
        remedy: () => "See that PostgreSQL runs; smartflow doctor says what keeps the shop from it.",
    },
    schema: {
        title: "Database’s version",
        remedy: () => "Run smartflow migrate, then look again.",
    },
    integrity: {
        title: "Last check of the books",
        remedy: () => "Check all books, below: every problem comes with what to do about it.",
    },
    orderedProducts: {
        title: "Products of open orders",
        remedy: ({ orderIds = [] }) => (
            <>
                Bring the product back, or change the order
                {orderIds.length === 0 ? ". Check all books, below, to see which." : ": "}
                {orderIds.map((id) => (
                    <span key={id}>
                        <Link to={`/orders/${id}`}>#{id}</Link>{" "}
                    </span>
                ))}
            </>
        ),
    },
    lowStock: { title: "Stock", remedy: () => <Link to="/products?lowStock=true">Which</Link> },
    outbox: {
        title: "Mails and webhooks",
        remedy: () => (
            <>
                See that smartflow deliver runs, and whether the receivers answer: what was tried stands with
                each of <Link to="/workflows/deliveries">the deliveries</Link>.
            </>
        ),
    },
    backup: {
        title: "Backup",
        remedy: () => (
            <>
                See that the daily backup runs, or <Link to="/admin/backups">download one and prove it</Link>.
            </>
        ),
    },
};

function Line({ check, lowStock }: { check: Check; lowStock: number }) {
    const { title, remedy } = words[check.name] ?? { title: check.name, remedy: () => null };
    // Low stock is no fault of the shop's, and yet somebody wants to know which.
    const helps = check.status !== "ok" || (check.name === "lowStock" && lowStock > 0);
    return (
        <li>
            <div>
                <strong>{title}</strong>
                <p>
                    {check.message} {helps && <span className="soft">{remedy(check)}</span>}
                </p>
            </div>
            <span className={`badge ${tones[check.status]}`}>{short[check.status]}</span>
        </li>
    );
}

/// What load balancers ask.
export function useAlive() {
    return useQuery({
        queryKey: ["alive"],
        queryFn: ({ signal }) => bodyOf(api.GET("/healthz", { signal })),
    });
}

function Alive() {
    const alive = useAlive();
    const status = alive.isPending ? null : alive.isError ? "unhealthy" : "ok";
    return (
        <li>
            <div>
                <strong>Web server</strong>
                <p>{alive.isError ? alive.error.message : "It answers, and so do the shop’s programs."}</p>
            </div>
            {status && <span className={`badge ${tones[status]}`}>{short[status]}</span>}
        </li>
    );
}

export function Checks({ health }: { health: Health }) {
    return (
        <section className="card" aria-label="Checks">
            <ul className="rows">
                <Alive />
                {health.checks.map((check) => (
                    <Line key={check.name} check={check} lowStock={health.lowStock.count} />
                ))}
            </ul>
        </section>
    );
}
