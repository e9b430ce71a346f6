// A rule as it is typed, and as it is sent.
import type { Rule, RuleBody } from "../api/workflows";
import { parseDecimal } from "../decimal";
import { noNumber, type Reasons } from "./product_fields";
import {
    fieldsOf,
    isAbsence,
    isNumber,
    operatorsOf,
    type Action,
    type Channel,
    type Condition,
    type Field,
    type Operator,
    type Trigger,
} from "./rule_words";

export interface ConditionTexts {
    /// Of its own in this rule, so that controls stay with it.
    key: number;
    field: Field;
    operator: Operator;
    value: string;
}

export interface RuleTexts {
    /// Empty: the server names it.
    name: string;
    trigger: Trigger;
    action: Action;
    enabled: boolean;
    /// Those of another trigger's fields wait here for its return.
    conditions: ConditionTexts[];
    /// A user's id; empty: whoever has least to do.
    userId: string;
    channels: Channel[];
    /// Addresses, by commas.
    to: string;
    url: string;
    message: string;
}

export const noRule: RuleTexts = {
    name: "",
    trigger: "New Order",
    action: "Send Notification",
    enabled: true,
    conditions: [],
    userId: "",
    channels: ["in-app"],
    to: "",
    url: "",
    message: "",
};

const plain = new Intl.NumberFormat(undefined, { useGrouping: false, maximumFractionDigits: 20 });

function textsOfCondition({ field, operator, value }: Condition, key: number): ConditionTexts {
    if (value === null) return { key, field, operator: operator === "=" ? "none" : "some", value: "" };
    return { key, field, operator, value: typeof value === "number" ? plain.format(value) : value };
}

/// A rule as its sentence shows it.
export function textsOfRule({ name, trigger, action, enabled, conditions, config }: Rule): RuleTexts {
    const to = config.to ?? [];
    return {
        name,
        trigger,
        action,
        enabled,
        conditions: conditions.map(textsOfCondition),
        userId: config.userId === undefined ? "" : String(config.userId),
        channels: config.channels ?? ["in-app"],
        to: (typeof to === "string" ? [to] : to).join(", "),
        url: config.url ?? "",
        message: config.message ?? "",
    };
}

/// The conditions that its trigger has fields for: those that count.
export function conditionsOf({ trigger, conditions }: RuleTexts): ConditionTexts[] {
    const known = fieldsOf(trigger);
    return conditions.filter(({ field }) => known.includes(field));
}

/// One more condition, about the first thing that can be asked.
export function conditionFor(texts: RuleTexts): ConditionTexts {
    const field = texts.trigger === "Low Stock" ? "product.category" : "order.total";
    const key = Math.max(0, ...texts.conditions.map((condition) => condition.key)) + 1;
    return { key, field, operator: field === "order.total" ? ">=" : "=", value: "" };
}

/// The same condition about another field: what can't be asked of that gives way.
export function aboutField(condition: ConditionTexts, field: Field): ConditionTexts {
    const operators = operatorsOf(field).map(([operator]) => operator);
    const operator = operators.includes(condition.operator) ? condition.operator : "=";
    const special = (one: Field) => one === "order.status" || one === "order.assignedTo";
    const value = special(field) || special(condition.field) ? "" : condition.value;
    return { ...condition, field, operator, value };
}

type Config = Rule["config"];

function configOf({ action, userId, channels, to, url, message }: RuleTexts): Config {
    if (action === "Assign Staff") return userId === "" ? {} : { userId: Number(userId) };
    if (action === "Reduce Stock") return {};
    const addresses = to.split(/[\s,;]+/).filter((address) => address !== "");
    return {
        channels,
        ...(channels.includes("email") && { to: addresses }),
        ...(channels.includes("webhook") && { url: url.trim() }),
        ...(message.trim() !== "" && { message }),
    };
}

function conditionsToSend(texts: RuleTexts, wrong: Reasons): Condition[] {
    return conditionsOf(texts).map(({ field, operator, value }, index) => {
        if (isAbsence(operator)) {
            return { field, operator: operator === "none" ? "=" : "!=", value: null } as Condition;
        }
        const at = `conditions[${index}].value`;
        if (value.trim() === "") wrong[at] = "is required";
        if (!isNumber(field)) return { field, operator, value } as Condition;
        const number = parseDecimal(value);
        if (number === null) wrong[at] ??= noNumber;
        return { field, operator, value: Number(number ?? 0) } as Condition;
    });
}

/// The whole rule, and what of it can't be read.
export function bodyOfRule(texts: RuleTexts): { body: RuleBody; wrong: Reasons } {
    const wrong: Reasons = {};
    const { name, trigger, action, enabled } = texts;
    const body: RuleBody = {
        ...(name.trim() !== "" && { name: name.trim() }),
        trigger,
        action,
        enabled,
        conditions: conditionsToSend(texts, wrong),
        config: configOf(texts),
    };
    return { body, wrong };
}

export const parts = ["name", "trigger", "action", "enabled", "conditions", "config"] as const;
export type Part = (typeof parts)[number];

/// What of it differs, as it would be sent.
export function differing(one: RuleTexts, other: RuleTexts): Part[] {
    const [mine, theirs] = [bodyOfRule(one).body, bodyOfRule(other).body];
    // What can't be read yet differs by what was typed.
    const typed = (texts: RuleTexts) =>
        conditionsOf(texts).map(({ field, operator, value }) => [field, operator, value]);
    return parts.filter((part) =>
        part === "conditions"
            ? JSON.stringify(typed(one)) !== JSON.stringify(typed(other))
            : JSON.stringify(mine[part]) !== JSON.stringify(theirs[part]),
    );
}
