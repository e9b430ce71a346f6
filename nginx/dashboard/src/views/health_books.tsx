// The check of all books: each in plain words, and for whatever doesn't balance what to do about it.
import { Link } from "react-router";
import { useIntegrity, type Integrity } from "../api/admin";
import { useHealth } from "../api/health";
import { useHere } from "../format";
import { Failure } from "../ui/states";

type Check = Integrity["checks"][number];
type Violation = Check["violations"][number];

const titles: Record<string, string> = {
    ledger: "Stock is what the ledger adds up to",
    ledger_balances: "Each row of the ledger follows from the one before",
    reservations: "What is reserved is what open orders hold",
    stock_bounds: "Nothing is reserved that isn’t there",
    totals: "Orders’ totals are the sums of their lines",
    order_lines: "Orders and their lines say the same",
    references: "Everything that is named exists",
    statuses: "Orders’ statuses fit their dates and stock",
    ordered_products: "Products know that orders name them",
    archived_products: "Open orders name no archived products",
    inventory: "Every product has its stock",
    skus: "No two products have the same SKU",
    audit_chain: "The audit trail’s seals are unbroken",
    counters: "Kept figures are what counting says",
    sequences: "New numbers are ones that nobody has",
};

/// What a violation is about, as links where there is a view of it.
function About({ violation }: { violation: Violation }) {
    const ids = Object.entries(violation as Record<string, unknown>).filter(
        ([name]) => name !== "problem" && name !== "remedy",
    );
    return ids.map(([name, id]) => {
        const words = `${name.replace(/Id$/, "")} ${typeof id === "number" ? `#${id}` : String(id)}`;
        const folder = { productId: "products", orderId: "orders" }[name];
        return (
            <span key={name}>
                {folder === undefined ? words : <Link to={`/${folder}/${String(id)}`}>{words}</Link>}{" "}
            </span>
        );
    });
}

function Violations({ check }: { check: Check }) {
    const { format } = useHere();
    return (
        <>
            <ul className="violations">
                {check.violations.map((violation, index) => (
                    <li key={index}>
                        <p>
                            <strong>
                                <About violation={violation} />
                            </strong>{" "}
                            {violation.problem}
                        </p>
                        <p className="soft">{violation.remedy}</p>
                    </li>
                ))}
            </ul>
            {check.violationCount > check.violations.length && (
                <p className="soft">
                    These are the first {format.count(check.violations.length)} of{" "}
                    {format.count(check.violationCount)}.
                </p>
            )}
        </>
    );
}

function Found({ check }: { check: Check }) {
    const { format } = useHere();
    return (
        <li className={check.ok ? undefined : "broken"}>
            <div className="found">
                <span>
                    {titles[check.name] ?? check.name}{" "}
                    <span className="soft small">{format.count(check.checked)} looked at</span>
                </span>
                <span className={`badge ${check.ok ? "good" : "bad"}`}>
                    {check.ok ? "fine" : format.count(check.violationCount)}
                </span>
            </div>
            {!check.ok && <Violations check={check} />}
        </li>
    );
}

/// When they were looked at last, by whomever.
function LastTime() {
    const { format } = useHere();
    const check = useHealth().data?.checks.find(({ name }) => name === "integrity") as
        { checkedAt?: string | null; message: string } | undefined;
    if (check === undefined) return null;
    return (
        <p className="soft">
            {check.message}
            {check.checkedAt && ` That was ${format.ago(check.checkedAt)}.`}
        </p>
    );
}

export function Books() {
    const { format } = useHere();
    const integrity = useIntegrity();
    const { data, isFetching } = integrity;
    // What is wrong comes first.
    const checks = [...(data?.checks ?? [])].sort((one, other) => Number(one.ok) - Number(other.ok));
    return (
        <section className="card" aria-labelledby="books">
            <div className="card-head">
                <h2 id="books">Books</h2>
                <button
                    className="button"
                    type="button"
                    disabled={isFetching}
                    onClick={() => void integrity.refetch()}
                >
                    {isFetching ? "Checking…" : "Check all books"}
                </button>
            </div>
            {isFetching && <progress aria-label="Checking all books" />}
            {!data && (
                <>
                    <LastTime />
                    <p className="soft">
                        The check reads everything, in one moment’s state, while the shop goes on.
                    </p>
                </>
            )}
            {integrity.isError && !isFetching && <Failure reason={integrity.error} />}
            {data && (
                <>
                    <p role="status">
                        {data.ok
                            ? `Everything balances, ${format.ago(data.at)}.`
                            : `Not everything balances, ${format.ago(data.at)}.`}
                    </p>
                    <ul className="rows books">
                        {checks.map((check) => (
                            <Found key={check.name} check={check} />
                        ))}
                    </ul>
                </>
            )}
        </section>
    );
}
