// Who is logged in. A session that ends while somebody works is renewed over what they are doing, and
// what they were about to do goes on.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { ApiError, api, bodyOf, onExpiry, type Schemas } from "./api/client";
import { formatFor, HereContext } from "./format";
import { Dialog } from "./ui/dialog";
import { forgetDrafts } from "./ui/draft";
import { Failure, Loading } from "./ui/states";
import { LoginForm, LoginPage } from "./views/login";

const hint = "smartflow-logged-in";

/// Whether somebody logged in here once: the session's cookie itself is not for scripts. Without that the
/// login is shown at once.
function wasLoggedIn(): boolean {
    try {
        return localStorage.getItem(hint) !== null;
    } catch {
        return true;
    }
}

function rememberLogin(loggedIn: boolean): void {
    try {
        if (loggedIn) localStorage.setItem(hint, "yes");
        else localStorage.removeItem(hint);
    } catch {
        // Then the server is asked each time.
    }
}

/// Ends the session and everything that was kept of it here.
export async function logOut(): Promise<void> {
    await bodyOf(api.POST("/api/auth/logout"));
    forgetDrafts();
    rememberLogin(false);
    window.location.hash = "#/"; // whoever comes next begins at the beginning
    window.location.reload();
}

/// Everything waits here for the same new login.
function useRenewal(user: Schemas["User"] | undefined) {
    const [waiting, setWaiting] = useState<(() => void)[]>([]);
    useEffect(() => {
        if (user === undefined) return undefined;
        onExpiry(() => new Promise((resolve) => setWaiting((others) => [...others, resolve])));
        return () => onExpiry(null);
    }, [user]);
    return {
        expired: waiting.length > 0,
        renew: (by: Schemas["User"]) => {
            if (by.id !== user?.id) {
                // What waits belongs to somebody else.
                forgetDrafts();
                window.location.reload();
                return;
            }
            for (const goOn of waiting) goOn();
            setWaiting([]);
        },
    };
}

/// The login, or what is inside of it.
export function Session({ children }: { children: ReactNode }) {
    const [known, setKnown] = useState(wasLoggedIn);
    const me = useQuery({
        queryKey: ["me"],
        enabled: known,
        queryFn: ({ signal }) => bodyOf(api.GET("/api/auth/me", { signal })),
        retry: (failures, reason) => failures < 2 && !(reason instanceof ApiError && reason.status === 401),
        staleTime: Infinity,
    });
    const { expired, renew } = useRenewal(me.data?.user);
    const here = useMemo(() => me.data && { me: me.data, format: formatFor(me.data.shop) }, [me.data]);
    if (here !== undefined) {
        return (
            <HereContext value={here}>
                {children}
                {expired && (
                    <Dialog title="Log in again">
                        <p className="soft">Your session has ended. What you were doing goes on after it.</p>
                        <br />
                        <LoginForm username={here.me.user.username} done={renew} />
                    </Dialog>
                )}
            </HereContext>
        );
    }
    if (!known || (me.error instanceof ApiError && me.error.status === 401)) {
        return (
            <LoginPage
                done={() => {
                    rememberLogin(true);
                    setKnown(true);
                    if (known) void me.refetch();
                }}
            />
        );
    }
    if (me.isPending) return <Loading />;
    return (
        <main className="outside">
            <Failure reason={me.error} again={() => void me.refetch()} />
        </main>
    );
}
