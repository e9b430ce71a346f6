// A table of any length: pages come as one scrolls, and only the rows in sight are in the document.
import type { UseInfiniteQueryResult, InfiniteData } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Page } from "../api/client";
import { Empty, Failure, Loading } from "./states";

export interface Column<T> {
    name: string;
    /// Of the column: its width, `number` to align, `wide` to leave it out on a phone.
    className?: string;
    /// What `sort` calls it, where the list can be sorted by it.
    sort?: string;
    cell: (row: T) => ReactNode;
}

interface Sorting {
    sort: string;
    setSort: (sort: string) => void;
}

interface TableProps<T> extends Partial<Sorting> {
    label: string;
    columns: Column<T>[];
    rows: T[];
    /// With those that aren't here yet.
    total: number;
    keyOf: (row: T) => number | string;
    /// The last row in sight.
    reached?: (index: number) => void;
}

interface RowsProps<T> extends Partial<Sorting> {
    label: string;
    columns: Column<T>[];
    query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
    keyOf: (row: T) => number | string;
    /// What is said where there are none.
    none: ReactNode;
}

const rowHeight = 44; // pixels, as parts.css has it

function Heading<T>({ column, sort, setSort }: { column: Column<T> } & Partial<Sorting>) {
    const { name, className, sort: field } = column;
    if (field === undefined || setSort === undefined) return <th className={className}>{name}</th>;
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

/// A table of rows that are all here.
export function LongTable<T>({ label, columns, rows, total, keyOf, sort, setSort, reached }: TableProps<T>) {
    const scroller = useRef<HTMLDivElement>(null);
    const virtualizer = useVirtualizer({
        count: rows.length,
        getScrollElement: () => scroller.current,
        estimateSize: () => rowHeight,
        overscan: 16,
        scrollPaddingStart: 36,
    });
    const seen = virtualizer.getVirtualItems();
    const last = seen.at(-1)?.index ?? -1;
    useEffect(() => reached?.(last), [last, reached]);
    const above = seen[0]?.start ?? 0;
    const below = virtualizer.getTotalSize() - (seen.at(-1)?.end ?? 0);
    return (
        // Without rows that take the focus, the keyboard scrolls it by this.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
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
    );
}

/// The list's rows, more of which come when the last of them are near.
export function Rows<T>({ query, none, ...table }: RowsProps<T>) {
    const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
    const total = query.data?.pages[0]?.total ?? rows.length;
    const [last, setLast] = useState(-1);
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
    return (
        <>
            {isFetchNextPageError && <Failure reason={query.error} again={() => void fetchNextPage()} />}
            <LongTable {...table} rows={rows} total={total} reached={setLast} />
        </>
    );
}
