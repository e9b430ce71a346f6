// A rule in words.
import { useColleagues } from "../api/orders";
import { conditionsOf, type ConditionTexts, type RuleTexts } from "./rule_texts";
import { actions, channels, fields, isAbsence, isNumber, operatorsOf, triggers } from "./rule_words";

/// What somebody is called, by their id.
export type NameOf = (id: string) => string;

/// The names of those who can be assigned something; a number while one isn't known.
export function useNameOf(): NameOf {
    const colleagues = useColleagues();
    return (id) => colleagues.data?.find((user) => String(user.id) === id)?.name ?? `user #${id}`;
}

function valueOf({ field, value }: ConditionTexts, nameOf: NameOf): string {
    if (field === "order.assignedTo") return nameOf(value);
    return isNumber(field) ? value : `“${value}”`;
}

function conditionWords(condition: ConditionTexts, nameOf: NameOf): string {
    const { field, operator } = condition;
    const verb = operatorsOf(field).find(([name]) => name === operator)?.[1] ?? operator;
    return [fields[field], verb, ...(isAbsence(operator) ? [] : [valueOf(condition, nameOf)])].join(" ");
}

/// Its conditions: "the order’s total is at least 500 and …"; empty where there are none.
export function conditionsInWords(texts: RuleTexts, nameOf: NameOf): string {
    return conditionsOf(texts)
        .map((condition) => conditionWords(condition, nameOf))
        .join(" and ");
}

/// What it does, and with what.
export function actionInWords(texts: RuleTexts, nameOf: NameOf): string {
    const { action, trigger, userId, to, url } = texts;
    if (action === "Reduce Stock") return actions[action];
    if (action === "Assign Staff") {
        const what = trigger === "Low Stock" ? "assign the restocking to" : actions[action];
        return `${what} ${userId === "" ? "whoever has the fewest open orders" : nameOf(userId)}`;
    }
    const targets = { "in-app": channels["in-app"], email: to, webhook: url };
    const message = texts.message.trim();
    const where = texts.channels.map((channel) => targets[channel] || channels[channel]).join(", ");
    return `${actions[action]} to ${where}${message === "" ? "" : `: “${message}”`}`;
}

/// All of it, as a sentence.
export function sentenceOf(texts: RuleTexts, nameOf: NameOf): string {
    const conditions = conditionsInWords(texts, nameOf);
    const when = `When ${triggers[texts.trigger]}`;
    return `${when}${conditions === "" ? "" : `, if ${conditions}`}, then ${actionInWords(texts, nameOf)}.`;
}
