// The audit trail's actions and fields, in words.
import type { AuditLog } from "../api/admin";
import type { Format } from "../format";

export const verbs: Record<AuditLog["action"], string> = {
    create: "created",
    update: "changed",
    delete: "deleted",
    login: "logged in",
    login_failed: "failed to log in",
    logout: "logged out",
    export: "exported",
    import: "imported",
    verify: "verified",
    restore: "restored",
};

/// What was done to what: "changed order #7".
export function deedOf({ action, entity, entityId }: AuditLog): string {
    if (action === "login" || action === "login_failed" || action === "logout") return verbs[action];
    return `${verbs[action]} ${entity}${entityId === null ? "" : ` #${entityId}`}`;
}

const labels: Record<string, string> = {
    sku: "SKU",
    stock: "On hand",
    minStock: "Minimum stock",
    customerEmail: "Customer’s e-mail",
    email: "E-mail",
    username: "User name",
    userId: "User",
    active: "May log in",
    sha256: "SHA-256",
    ok: "Proven",
    replace: "In place of what was here",
};

/// A field's name for people: "customerName" is "Customer name".
export function fieldLabel(field: string): string {
    const words = field.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
    return labels[field] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

type Words = (value: unknown) => string;
type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row =>
    typeof value === "object" && value !== null && !Array.isArray(value);

function plainWords(value: unknown): string {
    if (typeof value === "string") return value;
    if (typeof value === "boolean") return value ? "yes" : "no";
    return JSON.stringify(value);
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/// How a field's value is told, by what it is; `names` knows users.
function wordsFor(field: string, format: Format, names: (id: number) => string): Words {
    if (field === "price" || field === "total") {
        return (value) => (typeof value === "number" ? format.money(value) : plainWords(value));
    }
    if (field === "assignedTo" || field === "userId") {
        return (value) => (typeof value === "number" ? names(value) : plainWords(value));
    }
    if (field === "bytes") {
        return (value) => (typeof value === "number" ? format.bytes(value) : plainWords(value));
    }
    return (value) => {
        if (typeof value === "number") return format.quantity(value);
        if (typeof value === "string" && instant.test(value)) return format.moment(value);
        return plainWords(value);
    };
}

/// An order's line, a rule's condition, or anything else that is several values.
function wordsOfRow(row: Row, format: Format): string {
    const { productName, quantity, price, field, operator, value } = row;
    if (typeof productName === "string" && typeof quantity === "number" && typeof price === "number") {
        return `${format.quantity(quantity)} × ${productName}, ${format.money(price)} each`;
    }
    if (typeof field === "string" && typeof operator === "string") {
        return `${field} ${operator} ${plainWords(value)}`;
    }
    return Object.entries(row)
        .map(([name, part]) => `${name}: ${plainWords(part)}`)
        .join(", ");
}

/// A value as lines of text; none where there is nothing.
export function linesOf(
    field: string,
    value: unknown,
    format: Format,
    names: (id: number) => string,
): string[] {
    if (value === null || value === undefined) return [];
    const words = wordsFor(field, format, names);
    if (Array.isArray(value)) {
        return value.map((part: unknown) => (isRow(part) ? wordsOfRow(part, format) : words(part)));
    }
    if (isRow(value)) {
        return Object.entries(value).map(
            ([name, part]) =>
                `${name}: ${typeof part === "number" ? format.quantity(part) : plainWords(part)}`,
        );
    }
    return words(value).split("\n");
}
