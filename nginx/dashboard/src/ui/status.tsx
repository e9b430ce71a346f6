import type { Status } from "../api/orders";
import type { Run } from "../api/workflows";

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
