// What stands above a view: where one is, and what can be done there.
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useHere } from "../format";

interface ListHeadProps {
    title: string;
    /// How many there are, where that is known.
    total: number | null | undefined;
    /// What can be done with the list, to make another first of all.
    children: ReactNode;
}

/// Above a list: its name, and how many there are.
export function ListHead({ title, total, children }: ListHeadProps) {
    const { format } = useHere();
    return (
        <div className="view-head">
            <div className="view-title of-list">
                <h1>{title}</h1>
                <span className="soft" role="status">
                    {typeof total === "number" && format.count(total)}
                </span>
            </div>
            <div className="actions">{children}</div>
        </div>
    );
}

interface ItemHeadProps {
    /// The list it belongs to.
    list: { to: string; name: string };
    title: string;
    /// Beside the title: the state that it is in.
    state?: ReactNode;
    /// What can be done with it.
    children?: ReactNode;
}

/// Above something that belongs to a list: the way back there, and its name.
export function ItemHead({ list, title, state, children }: ItemHeadProps) {
    return (
        <div className="view-head">
            <div className="view-title">
                <Link className="soft no-print" to={list.to}>
                    {list.name}
                </Link>
                <span className="soft no-print" aria-hidden="true">
                    /
                </span>
                <h1>{title}</h1>
                {state}
            </div>
            {children && <div className="actions no-print">{children}</div>}
        </div>
    );
}
