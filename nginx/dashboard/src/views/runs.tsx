// What the rules did, when, and why or why not.
import { Link } from "react-router";
import { api } from "../api/client";
import { useList } from "../api/lists";
import type { paths } from "../api/schema";
import { useRules, type Run } from "../api/workflows";
import { useHere, type Format } from "../format";
import "../styles/workflows.css";
import { About } from "../ui/about";
import { Feed } from "../ui/feed";
import { ClearFilters, DayRange, FilterChip } from "../ui/filter_fields";
import { useFilters, type Filters } from "../ui/filters";
import { useTitle } from "../ui/states";
import { OutcomeBadge, outcomes } from "../ui/status";
import { namesOf, triggers } from "./rule_words";
import { WorkflowsHead } from "./workflows_head";

type Query = NonNullable<paths["/api/workflows/runs"]["get"]["parameters"]["query"]>;

const names = ["ruleId", "trigger", "outcome", "orderId", "productId", "from", "to"] as const;

/// What the address asks for, as the API has it, which says what is wrong with it.
function queryOf(filters: Filters): Query {
    const set = names.filter((name) => filters.get(name) !== "");
    return {
        sort: "-id",
        ...(Object.fromEntries(set.map((name) => [name, filters.get(name)])) as Partial<Query>),
    };
}

function RunRow({ run, format, abroad }: { run: Run; format: Format; abroad: boolean }) {
    const { id, ruleId, ruleName, trigger, outcome, reason, createdAt } = run;
    return (
        <li className="run">
            <OutcomeBadge outcome={outcome} />
            <div>
                <p>
                    <Link
                        className="row-link"
                        to={`/workflows/${ruleId}`}
                        title={`When ${triggers[trigger]}`}
                    >
                        {ruleName}
                    </Link>
                    {" · "}
                    <About {...run} />
                    {abroad && outcome === "done" && (
                        <>
                            {" · "}
                            <Link to={`/workflows/deliveries?runId=${id}`}>Deliveries</Link>
                        </>
                    )}
                </p>
                {reason !== null && <p className="soft">{reason}</p>}
            </div>
            <span className="soft small" title={format.moment(createdAt)}>
                {format.ago(createdAt)}
            </span>
        </li>
    );
}

function RunFilters({ filters }: { filters: Filters }) {
    const rules = useRules();
    const { field } = filters;
    const ruleId = filters.get("ruleId");
    const deleted = ruleId !== "" && rules.data && !rules.data.some(({ id }) => String(id) === ruleId);
    return (
        <div className="filters runs" role="search">
            <select aria-label="Rule" {...field("ruleId")}>
                <option value="">Every rule</option>
                {rules.data?.map(({ id, name }) => (
                    <option key={id} value={id}>
                        {name}
                    </option>
                ))}
                {deleted && <option value={ruleId}>A deleted rule (#{ruleId})</option>}
            </select>
            <select aria-label="Trigger" {...field("trigger")}>
                <option value="">Every trigger</option>
                {namesOf(triggers).map((trigger) => (
                    <option key={trigger} value={trigger}>
                        When {triggers[trigger]}
                    </option>
                ))}
            </select>
            <select aria-label="Outcome" {...field("outcome")}>
                <option value="">Every outcome</option>
                {outcomes.map((outcome) => (
                    <option key={outcome}>{outcome}</option>
                ))}
            </select>
            <DayRange filters={filters} />
            <FilterChip filters={filters} name="orderId" otherwise="all">
                Order #{filters.get("orderId")}
            </FilterChip>
            <FilterChip filters={filters} name="productId" otherwise="all">
                Product #{filters.get("productId")}
            </FilterChip>
            <ClearFilters filters={filters} />
        </div>
    );
}

export default function Runs() {
    useTitle("What rules did");
    const { format } = useHere();
    const filters = useFilters();
    const asked = queryOf(filters);
    const list = useList(["runs", asked], (paging, signal) =>
        api.GET("/api/workflows/runs", { params: { query: { ...asked, ...paging } }, signal }),
    );
    const rules = useRules();
    // Those that send what leaves the house.
    const senders = new Set(
        rules.data
            ?.filter(({ config }) => config.channels?.some((one) => one !== "in-app"))
            .map(({ id }) => id),
    );
    const total = list.data?.pages[0]?.total ?? 0;
    return (
        <div className="view narrow">
            <WorkflowsHead />
            <RunFilters filters={filters} />
            {total > 0 && (
                <p className="soft small" role="status">
                    {format.count(total)} {total === 1 ? "run" : "runs"}
                </p>
            )}
            <Feed
                label="Runs"
                query={list}
                none={
                    filters.any
                        ? "No run is like that."
                        : "No rule has done anything yet. Each time one is set off, it stands here."
                }
            >
                {(run) => <RunRow key={run.id} run={run} format={format} abroad={senders.has(run.ruleId)} />}
            </Feed>
        </div>
    );
}
