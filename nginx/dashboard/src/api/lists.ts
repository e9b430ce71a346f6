// Lists that come page by page.
import { useInfiniteQuery, keepPreviousData } from "@tanstack/react-query";
import { pageOf, type Page } from "./client";

/// Rows a page: enough for a tall screen, little enough to come at once.
const pageRows = 100;

interface Paging {
    limit: number;
    cursor?: string;
    count?: boolean;
}

/// A list's pages, the first with the number of all rows.
export function useList<T>(
    key: readonly unknown[],
    ask: (paging: Paging, signal: AbortSignal) => Parameters<typeof pageOf<T>>[0],
) {
    return useInfiniteQuery({
        queryKey: key,
        queryFn: ({ pageParam, signal }): Promise<Page<T>> =>
            pageOf(
                ask(
                    pageParam === null
                        ? { limit: pageRows, count: true }
                        : { limit: pageRows, cursor: pageParam },
                    signal,
                ),
            ),
        initialPageParam: null as string | null,
        getNextPageParam: (last) => last.cursor,
        // What is on the screen stays until what was asked for instead is there.
        placeholderData: keepPreviousData,
    });
}
