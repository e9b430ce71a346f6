// Products as the views read and change them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf, versionedOf, type Schemas, type Versioned } from "./client";

export type Product = Schemas["Product"];

/// A product with its version, archived ones too. \throws ApiError
export function readProduct(id: number, signal?: AbortSignal): Promise<Versioned<Product>> {
    return versionedOf(
        api.GET("/api/products/{id}", { params: { path: { id }, query: { archived: true } }, signal }),
    );
}

/// A product, read again whenever one comes back to it.
export function useProduct(id: number) {
    return useQuery({ queryKey: ["product", id], queryFn: ({ signal }) => readProduct(id, signal) });
}

/// Changes what the body names, of the version it was read at. \throws ApiError 412 when it has changed
export function changeProduct(
    id: number,
    etag: string,
    body: Schemas["ProductsUpdateBody"],
): Promise<Versioned<Product>> {
    return versionedOf(
        api.PATCH("/api/products/{id}", { params: { path: { id }, header: { "If-Match": etag } }, body }),
    );
}

/// Books goods in or out. \throws ApiError
export function adjustStock(
    id: number,
    delta: number,
    reason: string,
    key: string,
): Promise<Schemas["Movement"]> {
    return bodyOf(
        api.POST("/api/products/{id}/adjustments", {
            params: { path: { id }, header: { "Idempotency-Key": key } },
            body: { delta, reason },
        }),
    );
}

/// To say that a product, or its stock, isn't what it was.
export function useProductsChanged(): (id?: number) => Promise<unknown> {
    const client = useQueryClient();
    return (id) =>
        Promise.all([
            client.invalidateQueries({ queryKey: ["products"] }),
            client.invalidateQueries({ queryKey: id === undefined ? ["product"] : ["product", id] }),
            client.invalidateQueries({ queryKey: ["summary"] }),
        ]);
}
