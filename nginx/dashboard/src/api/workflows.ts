// Rules as the views read and change them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf, versionedOf, type Schemas, type Versioned } from "./client";

export type Rule = Schemas["Workflow"];
export type SavedRule = Schemas["SavedWorkflow"];
export type RuleBody = Schemas["WorkflowsCreateBody"];
export type Run = Schemas["Run"];
export type Delivery = Schemas["Delivery"];

/// Every rule, in the order in which they run.
export function useRules() {
    return useQuery({
        queryKey: ["workflows"],
        queryFn: ({ signal }) => bodyOf(api.GET("/api/workflows", { signal })),
    });
}

/// A rule with its version and what one should know of it. \throws ApiError
export function readRule(id: number, signal?: AbortSignal): Promise<Versioned<SavedRule>> {
    return versionedOf(api.GET("/api/workflows/{id}", { params: { path: { id } }, signal }));
}

/// A rule, read again whenever one comes back to it.
export function useRule(id: number) {
    return useQuery({ queryKey: ["rule", id], queryFn: ({ signal }) => readRule(id, signal) });
}

/// Makes a rule. \throws ApiError
export function createRule(body: RuleBody, key: string): Promise<Versioned<SavedRule>> {
    return versionedOf(api.POST("/api/workflows", { params: { header: { "Idempotency-Key": key } }, body }));
}

/// Changes what the body names; with an entity tag, only of the version that was read.
/// \throws ApiError 412 when it has changed
export function changeRule(
    id: number,
    etag: string | null,
    body: Schemas["WorkflowsUpdateBody"],
): Promise<Versioned<SavedRule>> {
    const header = etag === null ? {} : { "If-Match": etag };
    return versionedOf(api.PATCH("/api/workflows/{id}", { params: { path: { id }, header }, body }));
}

/// What a rule would have done over the last days. \throws ApiError
export function previewRule(body: RuleBody, days: number): Promise<Schemas["Preview"]> {
    return bodyOf(api.POST("/api/workflows/preview", { params: { query: { days } }, body }));
}

/// To say that rules aren't what they were.
export function useRulesChanged(): () => Promise<unknown> {
    const client = useQueryClient();
    return () => client.invalidateQueries({ queryKey: ["workflows"] });
}
