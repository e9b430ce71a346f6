import type { Status } from "../api/orders";
import type { Delivery, Run } from "../api/workflows";

const tones: Record<Status, string> = { Pending: "accent", Processing: "warn", Completed: "good" };

/// An order's status, in its colour.
export function StatusBadge({ status }: { status: Status }) {
    return <span className={`badge ${tones[status]}`}>{status}</span>;
}

const outcomeTones: Record<Run["outcome"], string> = { done: "good", skipped: "", failed: "bad" };

/// Every outcome that a rule can have.
export const outcomes = Object.keys(outcomeTones) as Run["outcome"][];

/// How a rule's run ended, in its colour.
export function OutcomeBadge({ outcome }: { outcome: Run["outcome"] }) {
    return <span className={`badge ${outcomeTones[outcome]}`}>{outcome}</span>;
}

const stateTones: Record<Delivery["state"], string> = { pending: "accent", delivered: "good", failed: "bad" };

/// Every state that a mail or webhook can be in.
export const deliveryStates = Object.keys(stateTones) as Delivery["state"][];

/// Where a mail or webhook stands, in its colour.
export function StateBadge({ state }: { state: Delivery["state"] }) {
    return <span className={`badge ${stateTones[state]}`}>{state}</span>;
}
