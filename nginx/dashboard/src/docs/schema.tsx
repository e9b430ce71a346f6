// A schema: its fields, each with type and bounds; what it refers to unfolds.
import { createContext, use, useState, type ReactNode } from "react";
import { nameOf, resolved, type Description, type Schema } from "./description";
import { Line } from "./text";
import { typeInWords } from "./words";

export const DescriptionContext = createContext<Description | null>(null);

/// The whole document.
export function useDescription(): Description {
    const whole = use(DescriptionContext);
    if (whole === null) throw new Error("outside of the description");
    return whole;
}

/// Something that is made when it is unfolded.
export function Unfold({ summary, children }: { summary: ReactNode; children: () => ReactNode }) {
    const [open, setOpen] = useState(false);
    return (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary>{summary}</summary>
            {open && children()}
        </details>
    );
}

/// The schemas with fields of their own that a value may be.
function structures(whole: Description, schema: Schema): [name: string, schema: Schema][] {
    const { $ref, items, anyOf, allOf, properties } = schema;
    if ($ref !== undefined) {
        return structures(whole, resolved(whole, schema)).map(([name, found], _, all) => [
            all.length > 1 ? name : nameOf($ref),
            found,
        ]);
    }
    if (properties !== undefined) return [["", schema]];
    if (items !== undefined) return structures(whole, items);
    return [...(anyOf ?? []), ...(allOf ?? [])].flatMap((one) => structures(whole, one));
}

function Field({ name, schema, required }: { name: string; schema: Schema; required: boolean }) {
    const whole = useDescription();
    const about = schema.description ?? resolved<Schema>(whole, schema).description;
    const target = resolved<Schema>(whole, schema);
    const inner = structures(whole, schema);
    return (
        <li>
            <div className="field-head">
                <code className="name">{name}</code>
                <span className="soft">
                    {schema.$ref === undefined
                        ? typeInWords(schema)
                        : `${nameOf(schema.$ref)}: ${typeInWords(target)}`}
                </span>
                {required && <span className="badge">required</span>}
                {schema.readOnly && <span className="badge">read only</span>}
            </div>
            {about !== undefined && (
                <p>
                    <Line text={about} />
                </p>
            )}
            {inner.map(([title, found], index) => (
                <Unfold key={index} summary={`Fields of ${title || name}`}>
                    {() => <Fields schema={found} />}
                </Unfold>
            ))}
        </li>
    );
}

function Fields({ schema }: { schema: Schema }) {
    const known = Object.entries(schema.properties ?? {});
    return (
        <ul className="fields">
            {known.map(([name, field]) => (
                <Field
                    key={name}
                    name={name}
                    schema={field}
                    required={schema.required?.includes(name) ?? false}
                />
            ))}
        </ul>
    );
}

/// A body.
export function SchemaView({ schema }: { schema: Schema }) {
    const whole = useDescription();
    const found = structures(whole, schema);
    const [only] = found;
    if (found.length === 1 && only !== undefined) {
        return (
            <>
                {schema.$ref === undefined && schema.type === "array" && (
                    <p className="soft">{typeInWords(schema)}</p>
                )}
                <Fields schema={only[1]} />
            </>
        );
    }
    return (
        <>
            <p className="soft">{typeInWords(schema)}</p>
            {found.map(([name, one], index) => (
                <Unfold key={index} summary={`Fields of ${name}`}>
                    {() => <Fields schema={one} />}
                </Unfold>
            ))}
        </>
    );
}
