// A schema's type and bounds in words.
import { nameOf, type Schema } from "./description";

// What int64 allows can't be told by a number of this language.
const shown = (value: number) => (value >= 2 ** 63 ? "2⁶³ − 1" : String(value));

function range(least: number | undefined, most: number | undefined, unit: string): string {
    if (least !== undefined && most !== undefined) return `${shown(least)} to ${shown(most)}${unit}`;
    if (most !== undefined) return `at most ${shown(most)}${unit}`;
    return least === undefined || least === 0 ? "" : `at least ${shown(least)}${unit}`;
}

function bounds(schema: Schema): string[] {
    const { minimum, maximum, exclusiveMinimum, minLength, maxLength, minItems, maxItems } = schema;
    const places = schema["x-decimal-places"];
    return [
        range(minLength, maxLength, " characters"),
        range(minItems, maxItems, " entries"),
        ...(exclusiveMinimum === undefined
            ? [range(minimum, maximum, "")]
            : [`above ${shown(exclusiveMinimum)}`, range(undefined, maximum, "")]),
        places === undefined ? "" : `${places} decimal places at most`,
        schema.pattern === undefined ? "" : `like ${schema.pattern}`,
    ].filter((words) => words !== "");
}

const listed = (values: unknown[]) => values.map((value) => JSON.stringify(value)).join(", ");

function kind(schema: Schema): string {
    if (schema.$ref !== undefined) return nameOf(schema.$ref);
    if (schema.enum !== undefined) return `one of ${listed(schema.enum)}`;
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    const either = schema.anyOf ?? schema.allOf;
    if (either !== undefined && schema.type === undefined) {
        return [...new Set(either.map(typeInWords))].join(schema.anyOf === undefined ? " and " : " or ");
    }
    if (schema.type === "array" && schema.items !== undefined) return `list of ${typeInWords(schema.items)}`;
    const type = [schema.type ?? "anything"].flat().join(" or ");
    return schema.format === undefined ? type : `${type} (${schema.format})`;
}

/// "string, 1 to 200 characters".
export function typeInWords(schema: Schema): string {
    return [kind(schema), ...bounds(schema)].join(", ");
}
