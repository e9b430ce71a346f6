// The words for what a rule can be made of. Each table has exactly what the API's description names.
import type { Schemas } from "../api/client";
import type { Rule } from "../api/workflows";

export type Trigger = Rule["trigger"];
export type Action = Rule["action"];
export type Channel = NonNullable<Schemas["Config"]["channels"]>[number];
export type Condition = Schemas["Conditions"][number];
export type Field = Condition["field"];

/// After "When".
export const triggers: Record<Trigger, string> = {
    "New Order": "an order comes in",
    "Order Completed": "an order is completed",
    "Low Stock": "a product falls below its minimum",
};

/// After "then".
export const actions: Record<Action, string> = {
    "Send Notification": "send a notification",
    "Reduce Stock": "take the order’s goods off the shelf",
    "Assign Staff": "assign it to",
};

export const channels: Record<Channel, string> = {
    "in-app": "everybody’s inbox",
    email: "e-mail",
    webhook: "webhook",
};

type TextField = Schemas["TextCondition"]["field"];
type NumberField = Schemas["NumberCondition"]["field"];

const textFields: Record<TextField, string> = {
    "order.customerName": "the customer",
    "order.customerEmail": "the customer’s e-mail",
    "order.status": "the order’s status",
    "product.name": "the product’s name",
    "product.sku": "its SKU",
    "product.category": "its category",
};

const numberFields: Record<NumberField, string> = {
    "order.total": "the order’s total",
    "order.itemCount": "the number of its lines",
    "order.assignedTo": "who it is assigned to",
    "order.id": "the order’s number",
    "product.stock": "what is on hand",
    "product.available": "what is available",
    "product.minStock": "its minimum stock",
    "product.price": "its price",
    "product.id": "the product’s number",
};

export const fields: Record<Field, string> = { ...textFields, ...numberFields };

/// Those that may have no value.
const optional: readonly Field[] = [
    "order.customerEmail",
    "order.assignedTo",
    "product.sku",
    "product.category",
];

const textOperators: Record<Schemas["TextCondition"]["operator"], string> = {
    "=": "is",
    "!=": "is not",
    contains: "contains",
};

const numberOperators: Record<Schemas["NumberCondition"]["operator"], string> = {
    "=": "is",
    "!=": "is not",
    ">=": "is at least",
    ">": "is above",
    "<=": "is at most",
    "<": "is below",
};

/// The API's `=` and `!=` with null are operators of their own to people.
const absence = { none: "has no value", some: "has a value" };

export type Operator = Condition["operator"] | keyof typeof absence;

/// A table's names, as its type has them.
export const namesOf = <T extends string>(table: Record<T, string>) => Object.keys(table) as T[];

export const isNumber = (field: Field): field is NumberField => field in numberFields;

/// What a field can be asked, with the words for it.
export function operatorsOf(field: Field): [Operator, string][] {
    const table: Partial<Record<Operator, string>> = {
        ...(isNumber(field) ? numberOperators : textOperators),
        ...(optional.includes(field) ? absence : {}),
    };
    return Object.entries(table) as [Operator, string][];
}

export const isAbsence = (operator: Operator): operator is keyof typeof absence => operator in absence;

/// The fields of what a trigger is about.
export function fieldsOf(trigger: Trigger): Field[] {
    const subject = trigger === "Low Stock" ? "product." : "order.";
    return namesOf(fields).filter((field) => field.startsWith(subject));
}
