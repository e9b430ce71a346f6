// The administrators' figures. One path answers them all, by `action`.
import { useQuery } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";

/// Revenue, orders and inventory. \throws ApiError
export async function readSummary(signal?: AbortSignal): Promise<Schemas["Summary"]> {
    const asked = api.GET("/api/admin/database", { params: { query: { action: "summary" } }, signal });
    return (await bodyOf(asked)) as Schemas["Summary"];
}

/// How the shop is. An unhealthy one says so with 503 and the same body. \throws ApiError
async function readHealth(signal?: AbortSignal): Promise<Schemas["Health"]> {
    const outcome = await api.GET("/api/admin/database", { params: { query: { action: "health" } }, signal });
    const said: unknown = outcome.error;
    if (outcome.response.status === 503 && typeof said === "object" && said !== null && "checks" in said) {
        return said as Schemas["Health"];
    }
    return (await bodyOf(Promise.resolve(outcome))) as Schemas["Health"];
}

const freshMs = 60_000;

/// How the shop is, again and again.
export function useHealth() {
    return useQuery({
        queryKey: ["health"],
        queryFn: ({ signal }) => readHealth(signal),
        refetchInterval: freshMs,
    });
}
