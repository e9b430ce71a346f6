// Orders as the views read and change them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf, versionedOf, type Schemas, type Versioned } from "./client";

export type Order = Schemas["Order"];
export type Status = Order["status"];

export const statuses: readonly Status[] = ["Pending", "Processing", "Completed"];

/// An order with its version. \throws ApiError
export function readOrder(id: number, signal?: AbortSignal): Promise<Versioned<Order>> {
    return versionedOf(api.GET("/api/orders/{id}", { params: { path: { id } }, signal }));
}

/// An order, read again whenever one comes back to it.
export function useOrder(id: number) {
    return useQuery({ queryKey: ["order", id], queryFn: ({ signal }) => readOrder(id, signal) });
}

/// Changes what the body names, of the version it was read at. \throws ApiError 412 when it has changed
export function changeOrder(
    id: number,
    etag: string,
    body: Schemas["OrdersUpdateBody"],
): Promise<Versioned<Order>> {
    return versionedOf(
        api.PATCH("/api/orders/{id}", { params: { path: { id }, header: { "If-Match": etag } }, body }),
    );
}

/// To say that orders, and with them stock and figures, aren't what they were.
export function useOrdersChanged(): () => Promise<unknown> {
    const client = useQueryClient();
    return () =>
        Promise.all(
            ["orders", "products", "product", "summary", "notifications"].map((name) =>
                client.invalidateQueries({ queryKey: [name] }),
            ),
        );
}

/// Everybody who can be assigned something, by name.
export function useColleagues() {
    return useQuery({
        queryKey: ["colleagues"],
        queryFn: ({ signal }) => bodyOf(api.GET("/api/users", { signal })),
        staleTime: 60_000,
    });
}
