// A way to what the audit trail says of something, for those who may look.
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useHere } from "../format";

/// Words about a change; to administrators a link to its entries.
export function OnRecord({
    entity,
    id,
    children,
}: {
    entity: "product" | "order";
    id: number;
    children: ReactNode;
}) {
    const { me } = useHere();
    if (me.user.role !== "admin") return children;
    return (
        <Link to={`/admin/trail?entity=${entity}&entityId=${id}`} title="In the audit trail">
            {children}
        </Link>
    );
}
