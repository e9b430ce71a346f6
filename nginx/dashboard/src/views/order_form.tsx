// The fields of an order: who, what, how much.
import { useColleagues } from "../api/orders";
import type { Product } from "../api/products";
import { useHere } from "../format";
import { SelectField, TextArea, TextField } from "../ui/field";
import { ProductPicker } from "../ui/product_picker";
import { costOf, lineOf, shortOf, totalOf, type LineTexts, type OrderTexts } from "./order_texts";
import type { Reasons } from "./product_fields";

interface FormProps {
    texts: OrderTexts;
    change: (texts: OrderTexts) => void;
    reasons: Reasons;
    /// A completed order: only its notes can change.
    closed?: boolean;
}

interface LineProps {
    line: LineTexts;
    index: number;
    reasons: Reasons;
    change: (line: LineTexts | null) => void;
}

/// One line; what is wrong with it stands beneath it.
function Line({ line, index, reasons, change }: LineProps) {
    const { format } = useHere();
    const why = (field: string) => reasons[`items[${index}]${field}`];
    const said = [why(".quantity"), why(".price"), why(".productId"), why("")].filter(
        (text) => text !== undefined,
    );
    const cost = costOf(line);
    const input = (field: "quantity" | "price", label: string) => ({
        className: "input number-input",
        inputMode: "decimal" as const,
        autoComplete: "off",
        "aria-label": `${label} of ${line.name}`,
        "aria-invalid": why(`.${field}`) === undefined ? undefined : true,
        "aria-describedby": said.length > 0 ? `line-${index}-said` : undefined,
        value: line[field],
        onChange: (event: { target: { value: string } }) => change({ ...line, [field]: event.target.value }),
    });
    return (
        <li className="line-item">
            <div className="name">
                {line.name}
                {line.available !== null && (
                    <span className={shortOf(line) ? "wrong small" : "soft small"}>
                        {" "}
                        · {format.quantity(line.available)} available
                    </span>
                )}
            </div>
            <input {...input("quantity", "Quantity")} />
            <input {...input("price", "Price")} placeholder={format.money(line.usualPrice)} />
            <div className="sum">{cost === null ? "–" : format.money(cost)}</div>
            <button
                className="button plain remove"
                type="button"
                aria-label={`Remove ${line.name}`}
                onClick={() => change(null)}
            >
                ✕
            </button>
            {said.length > 0 && (
                <span className="wrong" id={`line-${index}-said`}>
                    {said.join("; ")}
                </span>
            )}
        </li>
    );
}

function Lines({ texts, change, reasons }: FormProps) {
    const { format } = useHere();
    const { lines } = texts;
    const total = totalOf(lines);
    const put = (index: number, line: LineTexts | null) =>
        change({ ...texts, lines: line === null ? lines.toSpliced(index, 1) : lines.with(index, line) });
    const add = (product: Product) => {
        const known = lines.findIndex((line) => line.productId === product.id);
        const line = lines[known];
        if (line === undefined) {
            change({ ...texts, lines: [...lines, lineOf(product)] });
        } else if (/^\d{1,9}$/.test(line.quantity)) {
            put(known, { ...line, quantity: String(Number(line.quantity) + 1), available: line.available });
        }
    };
    return (
        <section className="card" aria-labelledby="items">
            <h2 id="items">Items</h2>
            <ProductPicker pick={add} error={reasons["items"]} />
            <ul className="lines">
                {lines.map((line, index) => (
                    <Line
                        key={line.productId}
                        line={line}
                        index={index}
                        reasons={reasons}
                        change={(next) => put(index, next)}
                    />
                ))}
            </ul>
            {lines.length > 0 && (
                <p className="total">
                    <span>Total</span>
                    <span>{total === null ? "–" : format.money(total)}</span>
                </p>
            )}
        </section>
    );
}

/// All fields.
export function OrderForm(props: FormProps) {
    const { texts, change, reasons, closed = false } = props;
    const colleagues = useColleagues();
    const wired = (field: "customerName" | "customerEmail" | "notes" | "assignedTo") => ({
        value: texts[field],
        change: (text: string) => change({ ...texts, [field]: text }),
        error: reasons[field],
    });
    return (
        <div className="split">
            <div className="stack">
                <div className="card form">
                    <div className="columns">
                        <TextField
                            label="Customer"
                            {...wired("customerName")}
                            required
                            autoComplete="off"
                            disabled={closed}
                        />
                        <TextField
                            label="E-mail"
                            type="email"
                            {...wired("customerEmail")}
                            autoComplete="off"
                            disabled={closed}
                        />
                    </div>
                </div>
                {!closed && <Lines {...props} />}
            </div>
            <div className="card form">
                <SelectField label="Assigned to" {...wired("assignedTo")} disabled={closed}>
                    <option value="">Nobody</option>
                    {colleagues.data
                        ?.filter(({ id, active }) => active || String(id) === texts.assignedTo)
                        .map(({ id, name }) => (
                            <option key={id} value={id}>
                                {name}
                            </option>
                        ))}
                </SelectField>
                <TextArea label="Notes" {...wired("notes")} rows={5} />
            </div>
        </div>
    );
}

/// Whether a field that the server names is shown by the form.
export const isOrderField = (field: string) =>
    /^(?:customerName|customerEmail|notes|assignedTo|items(?:\[\d+\].*)?)$/.test(field);
