// A list that is read like a letter: from the newest on, more of it when that is asked for.
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Page } from "../api/client";
import { Empty, Failure, Loading } from "./states";

interface FeedProps<T> {
    label: string;
    query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
    /// What is said where there is nothing.
    none: ReactNode;
    /// A row, as a list item with a key.
    children: (row: T) => ReactNode;
}

export function Feed<T>({ label, query, none, children }: FeedProps<T>) {
    const { data, isPending, isError, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
        query;
    const rows = data?.pages.flatMap((page) => page.rows) ?? [];
    return (
        <>
            {isPending && <Loading />}
            {isError && <Failure reason={error} again={() => void refetch()} />}
            {data && rows.length === 0 && <Empty>{none}</Empty>}
            {rows.length > 0 && (
                <ul className="table-scroll" aria-label={label}>
                    {rows.map(children)}
                </ul>
            )}
            {hasNextPage && (
                <button
                    className="button"
                    type="button"
                    disabled={isFetchingNextPage}
                    onClick={() => void fetchNextPage()}
                >
                    Show more
                </button>
            )}
        </>
    );
}
