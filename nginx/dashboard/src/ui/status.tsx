import type { Status } from "../api/orders";

const tones: Record<Status, string> = { Pending: "accent", Processing: "warn", Completed: "good" };

/// An order's status, in its colour.
export function StatusBadge({ status }: { status: Status }) {
    return <span className={`badge ${tones[status]}`}>{status}</span>;
}
