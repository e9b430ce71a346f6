// What administrators edit of a user: as texts while they type, as a body when it is sent.
import type { User } from "../api/admin";
import type { Schemas } from "../api/client";
import { SelectField, TextField } from "../ui/field";

/// The fields' names.
export const labels = {
    name: "Name",
    username: "User name",
    email: "E-mail",
    role: "Role",
    active: "Login",
} as const;

export type FieldName = keyof typeof labels;
export type Texts = Record<FieldName, string>;
export type Reasons = Partial<Record<string, string>>;

export const fieldNames = Object.keys(labels) as FieldName[];
export const noTexts: Texts = { name: "", username: "", email: "", role: "staff", active: "true" };

/// A user's values as their fields show them.
export function textsOf(user: User): Texts {
    return {
        name: user.name,
        username: user.username,
        email: user.email ?? "",
        role: user.role,
        active: String(user.active),
    };
}

/// What people read of a field's value.
export function wordsFor(field: FieldName, text: string): string {
    return field === "active" ? (text === "true" ? "allowed" : "not allowed") : text;
}

/// What is to be sent of the fields named.
export function bodyOfTexts(texts: Texts, fields: readonly FieldName[]): Schemas["UsersUpdateBody"] {
    const given = { ...texts, email: texts.email.trim() || null, active: texts.active === "true" };
    return Object.fromEntries(fields.map((field) => [field, given[field]]));
}

interface FieldsProps {
    texts: Texts;
    change: (texts: Texts) => void;
    reasons: Reasons;
}

/// The fields.
export function UserFields({ texts, change, reasons }: FieldsProps) {
    const wired = (field: FieldName) => ({
        label: labels[field],
        value: texts[field],
        change: (text: string) => change({ ...texts, [field]: text }),
        error: reasons[field],
    });
    return (
        <>
            <div className="columns">
                <TextField {...wired("name")} required autoComplete="off" />
                <TextField
                    {...wired("username")}
                    required
                    autoComplete="off"
                    autoCapitalize="none"
                    spellCheck={false}
                    hint="For logging in."
                />
            </div>
            <TextField {...wired("email")} type="email" autoComplete="off" />
            <div className="columns">
                <SelectField
                    {...wired("role")}
                    hint="Staff work with products, orders, rules and their inbox; administrators with everything."
                >
                    <option value="staff">Staff</option>
                    <option value="admin">Administrator</option>
                </SelectField>
                <SelectField {...wired("active")} hint="Not allowed ends their sessions at once.">
                    <option value="true">Allowed</option>
                    <option value="false">Not allowed</option>
                </SelectField>
            </div>
        </>
    );
}
