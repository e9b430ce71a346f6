// What stands where data is to be: on its way, refused, or none.
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { useHere } from "../format";
import { wordsOf } from "./toasts";

/// On its way; seen only where that takes a moment.
export function Loading() {
    return (
        <div className="loading" role="status">
            Loading…
        </div>
    );
}

/// What was refused, and a way to try again.
export function Failure({ reason, again }: { reason: unknown; again?: () => void }) {
    return (
        <div className="note bad" role="alert">
            <span>{wordsOf(reason)}</span>
            {again && (
                <button className="button" type="button" onClick={again}>
                    Try again
                </button>
            )}
        </div>
    );
}

/// What a form's fields can't show of a refusal: its words, and the reasons of fields that aren't there.
export function FormFailure({ reason, fields }: { reason: unknown; fields: (field: string) => boolean }) {
    if (reason === null || reason === undefined) return null;
    if (!(reason instanceof ApiError)) return <Failure reason={reason} />;
    const rest = Object.entries(reason.details).filter(([field]) => !fields(field));
    return (
        <div className="note bad" role="alert">
            <span>{reason.message}</span>
            {rest.map(([field, why]) => (
                <span key={field}>
                    {field}: {why}
                </span>
            ))}
        </div>
    );
}

interface SingleProps<T> {
    query: UseQueryResult<T>;
    /// The way to all of them, where this one can't be shown.
    list: ReactNode;
    children: (value: T) => ReactNode;
}

/// One thing, as soon as it is there.
export function Single<T>({ query, list, children }: SingleProps<T>) {
    if (query.data !== undefined) return children(query.data);
    if (query.isPending) return <Loading />;
    return (
        <div className="view">
            <Failure reason={query.error} again={() => void query.refetch()} />
            {list}
        </div>
    );
}

/// Nothing to show, and what to do about it.
export function Empty({ children }: { children: ReactNode }) {
    return <div className="empty">{children}</div>;
}

/// The view's name in the window's title.
export function useTitle(title: string): void {
    const { me } = useHere();
    useEffect(() => {
        document.title = `${title} · ${me.shop.name}`;
    }, [title, me.shop.name]);
}
