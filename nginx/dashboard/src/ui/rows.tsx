// A table of any length: pages come as one scrolls, and only the rows in sight are in the document.
import type { UseInfiniteQueryResult, InfiniteData } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";
import type { Page } from "../api/client";
import { useHere } from "../format";
import { Empty, Failure, Loading } from "./states";

export interface Column<T> {
    name: string;
    /// Of the column: its width, `number` to align, `wide` to leave it out on a phone.
    className?: string;
    /// What `sort` calls it, where the list can be sorted by it.
    sort?: string;
    cell: (row: T) => ReactNode;
}

interface RowsProps<T> {
    label: string;
    columns: Column<T>[];
    query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
    keyOf: (row: T) => number;
    sort: string;
    setSort: (sort: string) => void;
    /// What is said where there are none.
    none: ReactNode;
}

const rowHeight = 44; // pixels, as parts.css has it

function Heading<T>({
    column,
    sort,
    setSort,
}: { column: Column<T> } & Pick<RowsProps<T>, "sort" | "setSort">) {
    const { name, className, sort: field } = column;
    if (field === undefined) return <th className={className}>{name}</th>;
    const up = sort === field;
    const down = sort === `-${field}`;
    return (
        <th className={className} aria-sort={up ? "ascending" : down ? "descending" : undefined}>
            <button className="sort" type="button" onClick={() => setSort(up ? `-${field}` : field)}>
                {name}
                {(up || down) && <span aria-hidden="true">{up ? "↑" : "↓"}</span>}
            </button>
        </th>
    );
}

/// What stands above a list: its name, how many there are where that is known, how to make another.
export function ListHead({
    title,
    total,
    create,
}: {
    title: string;
    total: number | null | undefined;
    create: ReactNode;
}) {
    const { format } = useHere();
    return (
        <div className="view-head">
            <div className="view-title">
                <h1>{title}</h1>
                <span className="soft" role="status">
                    {typeof total === "number" && format.count(total)}
                </span>
            </div>
            {create}
        </div>
    );
}

/// The list's rows, more of which come when the last of them are near.
export function Rows<T>({ label, columns, query, keyOf, sort, setSort, none }: RowsProps<T>) {
    const scroller = useRef<HTMLDivElement>(null);
    const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
    const total = query.data?.pages[0]?.total ?? rows.length;
    const virtualizer = useVirtualizer({
        count: rows.length,
        getScrollElement: () => scroller.current,
        estimateSize: () => rowHeight,
        overscan: 16,
        scrollPaddingStart: 36,
    });
    const seen = virtualizer.getVirtualItems();
    const last = seen.at(-1)?.index ?? -1;
    const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
    useEffect(() => {
        if (last >= rows.length - 50 && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) {
            void fetchNextPage();
        }
    }, [last, rows.length, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
    if (query.isPending) return <Loading />;
    if (query.isError && rows.length === 0) {
        return <Failure reason={query.error} again={() => void query.refetch()} />;
    }
    if (rows.length === 0) return <Empty>{none}</Empty>;
    const above = seen[0]?.start ?? 0;
    const below = virtualizer.getTotalSize() - (seen.at(-1)?.end ?? 0);
    return (
        <>
            {isFetchNextPageError && <Failure reason={query.error} again={() => void fetchNextPage()} />}
            {/* Without rows that take the focus, the keyboard scrolls it by this. */}
            {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
            <div className="table-scroll" ref={scroller} tabIndex={0} role="region" aria-label={label}>
                <table aria-rowcount={total + 1}>
                    <thead>
                        <tr aria-rowindex={1}>
                            {columns.map((column) => (
                                <Heading key={column.name} column={column} sort={sort} setSort={setSort} />
                            ))}
                        </tr>
                    </thead>
                    <tbody>
                        {above > 0 && (
                            <tr className="gap" aria-hidden="true">
                                <td style={{ height: above }} />
                            </tr>
                        )}
                        {seen.map(({ index }) => {
                            const row = rows[index];
                            return (
                                row !== undefined && (
                                    <tr key={keyOf(row)} className="row" aria-rowindex={index + 2}>
                                        {columns.map((column) => (
                                            <td key={column.name} className={column.className}>
                                                {column.cell(row)}
                                            </td>
                                        ))}
                                    </tr>
                                )
                            );
                        })}
                        {below > 0 && (
                            <tr className="gap" aria-hidden="true">
                                <td style={{ height: below }} />
                            </tr>
                        )}
                    </tbody>
                </table>
            </div>
        </>
    );
}
