// Whether the trail is as it was written: its seals are among the books that a full check looks at.
import { Link } from "react-router";
import { useIntegrity } from "../api/admin";
import { useHere } from "../format";
import { Failure } from "../ui/states";

export function CheckSeals() {
    const { isFetching, refetch } = useIntegrity();
    return (
        <button className="button" type="button" disabled={isFetching} onClick={() => void refetch()}>
            {isFetching ? "Checking the seals…" : "Check the seals"}
        </button>
    );
}

/// What the check found.
export function Seals() {
    const { format } = useHere();
    const { data, isFetching, isError, error } = useIntegrity();
    const seals = data?.checks.find(({ name }) => name === "audit_chain");
    if (isFetching) return null;
    if (isError) return <Failure reason={error} />;
    if (data === undefined || seals === undefined) return null;
    if (seals.ok) {
        return (
            <p className="note good" role="status">
                {format.count(seals.checked)} sealed entries are as they were written, {format.ago(data.at)}.
            </p>
        );
    }
    return (
        <p className="note bad" role="alert">
            <span>The seals are broken: {format.count(seals.violationCount)} places don’t fit.</span>
            <Link to="/admin/health">Which, and what to do</Link>
        </p>
    );
}
