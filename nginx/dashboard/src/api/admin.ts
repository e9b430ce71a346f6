// What administrators alone ask for: users, trail, backups, the books.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf, versionedOf, type Outcome, type Schemas, type Versioned } from "./client";
import type { paths } from "./schema";

type UsersQuery = paths["/api/users"]["get"]["parameters"]["query"];
type TrailQuery = paths["/api/admin/database"]["get"]["parameters"]["query"];

export type User = Schemas["User"];
export type AuditLog = Schemas["AuditLog"];
export type Statistics = Schemas["Statistics"];
export type Integrity = Schemas["Integrity"];

/// A user with their version. \throws ApiError
export function readUser(id: number, signal?: AbortSignal): Promise<Versioned<User>> {
    return versionedOf(api.GET("/api/users/{id}", { params: { path: { id } }, signal }));
}

/// A user, read again whenever one comes back to them.
export function useUser(id: number) {
    return useQuery({ queryKey: ["user", id], queryFn: ({ signal }) => readUser(id, signal) });
}

/// Changes what the body names, of the version it was read at. \throws ApiError 412 when it has changed
export function changeUser(
    id: number,
    etag: string,
    body: Schemas["UsersUpdateBody"],
): Promise<Versioned<User>> {
    return versionedOf(
        api.PATCH("/api/users/{id}", { params: { path: { id }, header: { "If-Match": etag } }, body }),
    );
}

/// To say that users aren't what they were; who looks may be one of them.
export function useUsersChanged(): () => Promise<unknown> {
    const client = useQueryClient();
    return () =>
        Promise.all(
            ["users", "colleagues", "me"].map((name) => client.invalidateQueries({ queryKey: [name] })),
        );
}

/// Users, as administrators get them.
export function askUsers(query: UsersQuery, signal: AbortSignal) {
    return api.GET("/api/users", { params: { query }, signal }) as Promise<Outcome<User[]>>;
}

/// All users.
export function useUsers() {
    return useQuery({
        queryKey: ["users", "all"],
        queryFn: ({ signal }) => bodyOf(askUsers({}, signal)),
    });
}

/// What the audit trail can be asked for; the server says what is wrong with a value.
export const trailFilters = ["user", "entity", "entityId", "actionType", "origin", "from", "to"] as const;

/// A part of the audit trail, the newest first.
export function askTrail(
    query: Partial<Record<(typeof trailFilters)[number], string>> & { limit?: number },
    signal: AbortSignal,
) {
    const asked = { action: "audit-logs", ...query } as unknown as TrailQuery;
    return api.GET("/api/admin/database", { params: { query: asked }, signal }) as Promise<
        Outcome<AuditLog[]>
    >;
}

/// How much there is, and the last backups.
export function useStatistics() {
    return useQuery({
        queryKey: ["statistics"],
        queryFn: async ({ signal }) =>
            (await bodyOf(
                api.GET("/api/admin/backup", { params: { query: { action: "statistics" } }, signal }),
            )) as Statistics,
    });
}

/// The check of all books: only when somebody asks for it, for it reads everything. What it found stays
/// as long as the page.
export function useIntegrity() {
    const client = useQueryClient();
    return useQuery({
        queryKey: ["integrity"],
        queryFn: async ({ signal }) => {
            const found = (await bodyOf(
                api.GET("/api/admin/database", { params: { query: { action: "integrity" } }, signal }),
            )) as Integrity;
            void client.invalidateQueries({ queryKey: ["health"] }); // which tells of the last check
            return { ...found, at: new Date().toISOString() };
        },
        enabled: false,
        gcTime: Infinity,
        retry: false,
    });
}
