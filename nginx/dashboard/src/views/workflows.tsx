// The shop's rules, each as a sentence with a switch.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { changeRule, useRules, useRulesChanged, type Rule } from "../api/workflows";
import "../styles/workflows.css";
import { Empty, Failure, Loading, useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { sentenceOf, useNameOf, type NameOf } from "./rule_sentence";
import { textsOfRule } from "./rule_texts";
import { WorkflowsHead } from "./workflows_head";

/// Sets the switch at once, and back with the server's words when it refuses.
function useSwitch() {
    const client = useQueryClient();
    const changed = useRulesChanged();
    const { complain } = useToasts();
    const put = (id: number, enabled: boolean) =>
        client.setQueryData<Rule[]>(["workflows"], (rules) =>
            rules?.map((rule) => (rule.id === id ? { ...rule, enabled } : rule)),
        );
    return useMutation({
        mutationFn: ({ id, enabled }: Pick<Rule, "id" | "enabled">) => changeRule(id, null, { enabled }),
        onMutate: async ({ id, enabled }) => {
            // What was asked for before would bring the old position back.
            await client.cancelQueries({ queryKey: ["workflows"] });
            put(id, enabled);
        },
        onError: (reason, { id, enabled }) => {
            put(id, !enabled);
            complain(reason);
        },
        onSuccess: (saved) => client.setQueryData(["rule", saved.value.id], saved),
        onSettled: changed,
    });
}

interface RuleRowProps {
    rule: Rule;
    nameOf: NameOf;
    flip: (rule: Pick<Rule, "id" | "enabled">) => void;
}

function RuleRow({ rule, nameOf, flip }: RuleRowProps) {
    const { id, name, enabled } = rule;
    return (
        <li className={enabled ? "rule" : "rule off"}>
            <div>
                <Link className="row-link" to={`/workflows/${id}`}>
                    {name}
                </Link>
                <p className="soft">{sentenceOf(textsOfRule(rule), nameOf)}</p>
            </div>
            <Link className="soft small" to={`/workflows/runs?ruleId=${id}`}>
                What it did<span className="visually-hidden">: {name}</span>
            </Link>
            <input
                className="switch"
                type="checkbox"
                role="switch"
                aria-label={`${name}: enabled`}
                checked={enabled}
                onChange={(event) => flip({ id, enabled: event.target.checked })}
            />
        </li>
    );
}

export default function Workflows() {
    useTitle("Workflows");
    const rules = useRules();
    const nameOf = useNameOf();
    const flip = useSwitch();
    return (
        <div className="view narrow">
            <WorkflowsHead />
            {rules.isPending && <Loading />}
            {rules.isError && <Failure reason={rules.error} again={() => void rules.refetch()} />}
            {rules.data?.length === 0 && (
                <Empty>
                    <p>Nothing happens by itself yet.</p>
                    <Link className="button primary" to="/workflows/new">
                        New rule
                    </Link>
                </Empty>
            )}
            {rules.data && rules.data.length > 0 && (
                <>
                    <p className="soft">
                        Rules run from the first to the last, together with what sets them off.
                    </p>
                    <ol className="table-scroll">
                        {rules.data.map((rule) => (
                            <RuleRow key={rule.id} rule={rule} nameOf={nameOf} flip={flip.mutate} />
                        ))}
                    </ol>
                </>
            )}
        </div>
    );
}
