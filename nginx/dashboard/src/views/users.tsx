// Everybody who may use the shop.
import { Link } from "react-router";
import { useList } from "../api/lists";
import { askUsers, type User } from "../api/admin";
import { useHere, type Format } from "../format";
import { ListHead } from "../ui/head";
import { Rows, type Column } from "../ui/rows";
import { useTitle } from "../ui/states";

function columnsFor(format: Format, mine: number): Column<User>[] {
    return [
        {
            name: "Name",
            cell: ({ id, name }) => (
                <>
                    <Link className="row-link" to={`/admin/users/${id}`}>
                        {name}
                    </Link>
                    {id === mine && <span className="soft"> (you)</span>}
                </>
            ),
        },
        { name: "User name", className: "wide soft", cell: ({ username }) => username },
        { name: "E-mail", className: "wide soft", cell: ({ email }) => email },
        {
            name: "Role",
            className: "w-status",
            cell: ({ role, active }) =>
                active ? (
                    <span className={`badge ${role === "admin" ? "accent" : ""}`}>{role}</span>
                ) : (
                    <span className="badge bad">no login</span>
                ),
        },
        {
            name: "Last login",
            className: "wide w-m soft",
            cell: ({ lastLoginAt }) =>
                lastLoginAt === null ? (
                    "never"
                ) : (
                    <span title={format.moment(lastLoginAt)}>{format.ago(lastLoginAt)}</span>
                ),
        },
    ];
}

export default function Users() {
    useTitle("Users");
    const { me, format } = useHere();
    const list = useList(["users", "pages"], askUsers);
    return (
        <div className="view list">
            <ListHead title="Users" total={list.data?.pages[0]?.total}>
                <Link className="button" to="/account/tokens">
                    API tokens
                </Link>
                <Link className="button primary" to="/admin/users/new">
                    New user
                </Link>
            </ListHead>
            <Rows
                label="Users"
                columns={columnsFor(format, me.user.id)}
                query={list}
                keyOf={({ id }) => id}
                none={<p>There is nobody.</p>}
            />
        </div>
    );
}
