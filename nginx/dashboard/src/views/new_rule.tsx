import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { Link, useNavigate } from "react-router";
import { newKey } from "../api/client";
import { createRule, useRulesChanged, type RuleBody } from "../api/workflows";
import { useDraft } from "../ui/draft";
import { useTitle } from "../ui/states";
import { useToasts } from "../ui/toasts";
import { RuleForm } from "./rule_form";
import { noRule } from "./rule_texts";

export default function NewRule() {
    useTitle("New rule");
    const draft = useDraft("new-rule", () => noRule);
    const key = useRef(newKey());
    const navigate = useNavigate();
    const client = useQueryClient();
    const changed = useRulesChanged();
    const { say } = useToasts();
    const create = useMutation({
        mutationFn: (body: RuleBody) => createRule(body, key.current),
        onSuccess: (created) => {
            const { id, name } = created.value;
            draft.forget();
            client.setQueryData(["rule", id], created);
            void changed();
            say(`${name} was created.`);
            void navigate(`/workflows/${id}`, { replace: true });
        },
    });
    return (
        <div className="view narrow">
            <h1>New rule</h1>
            <RuleForm
                texts={draft.value}
                change={(next) => {
                    key.current = newKey(); // another request
                    draft.change(next);
                }}
                save={create.mutate}
                refused={create.error}
                forgive={create.reset}
            >
                <div className="actions">
                    <Link className="button" to="/workflows" onClick={draft.discard}>
                        Discard
                    </Link>
                    <button className="button primary" disabled={create.isPending}>
                        Create rule
                    </button>
                </div>
            </RuleForm>
        </div>
    );
}
