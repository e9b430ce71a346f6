// The page: what there is at the side, all of it beside that.
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import icon from "../icon.svg";
import { folder, mentions, operationsOf, type Description, type Operation } from "./description";
import { Method, OperationView } from "./operation";
import { DescriptionContext, SchemaView, Unfold } from "./schema";
import { Line, Text } from "./text";

/// What a family is called in a heading: "admin_backup" is "Admin backup".
const titleOf = (family: string) => (family.charAt(0).toUpperCase() + family.slice(1)).replaceAll("_", " ");

interface Group {
    name: string;
    description: string;
    operations: Operation[];
}

function Contents({
    groups,
    search,
    setSearch,
}: {
    groups: Group[];
    search: string;
    setSearch: (search: string) => void;
}) {
    return (
        <header className="contents">
            <a className="brand" href={`${folder}/`}>
                <img src={icon} alt="" />
                <span>SmartFlow API</span>
            </a>
            <input
                className="input"
                type="search"
                placeholder="Search"
                aria-label="Search operations"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
            />
            <nav aria-label="Operations">
                {groups.map(({ name, operations }) => (
                    <div key={name}>
                        <h2>
                            <a href={`#${name}`}>{titleOf(name)}</a>
                        </h2>
                        <ul>
                            {operations.map(({ id, method, summary, path }) => (
                                <li key={id}>
                                    <a href={`#${id}`} title={path}>
                                        <Method method={method} />
                                        <span>
                                            <Line text={summary} />
                                        </span>
                                    </a>
                                </li>
                            ))}
                        </ul>
                    </div>
                ))}
            </nav>
        </header>
    );
}

function Introduction({ whole }: { whole: Description }) {
    const { info, components } = whole;
    const error = components.schemas["Error"];
    return (
        <section className="card form" aria-labelledby="introduction">
            <h1 id="introduction">
                {info.title} API <span className="soft">{info.version}</span>
            </h1>
            <Text text={info.description} />
            {Object.entries(components.securitySchemes).map(([name, { description = "" }]) => (
                <p key={name}>
                    <strong>By {name}.</strong> <Line text={description} />
                </p>
            ))}
            {error !== undefined && (
                <Unfold summary="What every error looks like">{() => <SchemaView schema={error} />}</Unfold>
            )}
            <p>
                <a href={`${folder}/api/openapi.json`}>The description for programs</a> (OpenAPI 3.1)
            </p>
        </section>
    );
}

/// Goes to what the address names, which wasn't there when the browser looked for it.
function useAddress(there: boolean): void {
    useEffect(() => {
        if (!there) return undefined;
        const go = () => {
            const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
            target?.scrollIntoView();
            target?.focus({ preventScroll: true });
        };
        go();
        window.addEventListener("hashchange", go);
        return () => window.removeEventListener("hashchange", go);
    }, [there]);
}

/// The families that have something with the words of a search.
function groupsOf(whole: Description, search: string): Group[] {
    const operations = operationsOf(whole);
    return whole.tags
        .map(({ name, description }) => ({
            name,
            description,
            operations: operations.filter((one) => one.family === name && mentions(one, search)),
        }))
        .filter((group) => group.operations.length > 0);
}

const none: Group[] = [];

/// Everything that the description has.
export function Page({ whole }: { whole: Description }) {
    const [typed, setTyped] = useState("");
    const search = useDeferredValue(typed.trim());
    const groups = useMemo(() => groupsOf(whole, search), [whole, search]);
    // The contents come first, and at once; the operations take a moment.
    const shown = useDeferredValue(groups, none);
    const found = groups.reduce((sum, group) => sum + group.operations.length, 0);
    useAddress(shown !== none);
    return (
        <DescriptionContext value={whole}>
            <div className="docs">
                <Contents groups={groups} search={typed} setSearch={setTyped} />
                <main>
                    {search === "" ? (
                        <Introduction whole={whole} />
                    ) : (
                        <h1>
                            <span role="status">
                                {found === 1 ? "1 operation" : `${found} operations`} with “{search}”
                            </span>
                        </h1>
                    )}
                    {shown.map(({ name, description, operations }) => (
                        <section key={name} className="family" aria-labelledby={name}>
                            <h2 id={name} tabIndex={-1}>
                                {titleOf(name)}
                            </h2>
                            <p className="soft">{description}</p>
                            {operations.map((operation) => (
                                <OperationView key={operation.id} operation={operation} />
                            ))}
                        </section>
                    ))}
                </main>
            </div>
        </DescriptionContext>
    );
}
