// The middle of a rule's sentence: if … and …
import { statuses, useColleagues } from "../api/orders";
import { InlineSelect, InlineText } from "../ui/inline";
import type { Reasons } from "./product_fields";
import { aboutField, conditionFor, conditionsOf, type ConditionTexts, type RuleTexts } from "./rule_texts";
import { fields, fieldsOf, isAbsence, isNumber, operatorsOf, type Trigger } from "./rule_words";

/// Those who can be assigned something, and whoever is chosen already.
export function usePeople(chosen: string): [string, string][] {
    const colleagues = useColleagues();
    return (colleagues.data ?? [])
        .filter(({ id, active }) => active || String(id) === chosen)
        .map(({ id, name }) => [String(id), name]);
}

interface ValueProps {
    condition: ConditionTexts;
    change: (condition: ConditionTexts) => void;
    error: string | undefined;
}

/// What the field is held against: a choice where there are few.
function Value({ condition, change, error }: ValueProps) {
    const { field, operator, value } = condition;
    const people = usePeople(value);
    const wired = {
        label: "Value",
        value,
        error,
        change: (next: string) => change({ ...condition, value: next }),
    };
    if (isAbsence(operator)) return null;
    const exact = operator === "=" || operator === "!=";
    if (field === "order.status" && exact) {
        const options = statuses.map((status) => [status, status] as const);
        return <InlineSelect {...wired} options={[["", "…"], ...options]} />;
    }
    if (field === "order.assignedTo" && exact) {
        return <InlineSelect {...wired} options={[["", "…"], ...people]} />;
    }
    return <InlineText {...wired} number={isNumber(field)} />;
}

interface LineProps {
    condition: ConditionTexts;
    index: number;
    trigger: Trigger;
    reasons: Reasons;
    change: (condition: ConditionTexts | null) => void;
}

function Line({ condition, index, trigger, reasons, change }: LineProps) {
    const { field, operator } = condition;
    const at = `conditions[${index}]`;
    return (
        <div className="clause" role="group" aria-label={`Condition ${index + 1}`}>
            <span className="word">{index === 0 ? "if" : "and"}</span>
            <InlineSelect
                label="Field"
                value={field}
                options={fieldsOf(trigger).map((name) => [name, fields[name]])}
                change={(next) => change(aboutField(condition, next))}
                error={reasons[`${at}.field`] ?? reasons[at]}
            />
            <InlineSelect
                label="Operator"
                value={operator}
                options={operatorsOf(field)}
                change={(next) => change({ ...condition, operator: next })}
                error={reasons[`${at}.operator`]}
            />
            <Value condition={condition} change={change} error={reasons[`${at}.value`]} />
            <button
                className="button plain"
                type="button"
                aria-label={`Remove condition ${index + 1}`}
                onClick={() => change(null)}
            >
                ✕
            </button>
        </div>
    );
}

interface ConditionsProps {
    texts: RuleTexts;
    change: (texts: RuleTexts) => void;
    reasons: Reasons;
}

/// All conditions, and one more.
export function Conditions({ texts, change, reasons }: ConditionsProps) {
    const { trigger, conditions } = texts;
    const put = (key: number, next: ConditionTexts | null) =>
        change({
            ...texts,
            conditions: conditions.flatMap((one) => (one.key !== key ? [one] : next === null ? [] : [next])),
        });
    const shown = conditionsOf(texts);
    return (
        <>
            {shown.map((condition, index) => (
                <Line
                    key={condition.key}
                    condition={condition}
                    index={index}
                    trigger={trigger}
                    reasons={reasons}
                    change={(next) => put(condition.key, next)}
                />
            ))}
            <div className="clause">
                <span className="word" />
                <button
                    className="button"
                    type="button"
                    onClick={() => change({ ...texts, conditions: [...conditions, conditionFor(texts)] })}
                >
                    {shown.length === 0 ? "Only if…" : "And if…"}
                </button>
                {reasons["conditions"] !== undefined && (
                    <span className="wrong">{reasons["conditions"]}</span>
                )}
            </div>
        </>
    );
}
