import "./styles/parts.css";
import "./styles/frame.css";
import "./styles/views.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { HashRouter } from "react-router";
import { ApiError } from "./api/client";
import { App } from "./app";
import { Session } from "./session";
import { applyTheme } from "./theme";
import { ToastsProvider } from "./ui/toasts";

applyTheme();

const client = new QueryClient({
    defaultOptions: {
        queries: {
            staleTime: 10_000,
            // What the server refused it will refuse again; only an outage may be over by then.
            retry: (failures, reason) =>
                failures < 2 && reason instanceof ApiError && (reason.status === 0 || reason.status >= 500),
        },
    },
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no root");
// The address after the # is the view: a web server that knows only files serves every link so.
createRoot(root).render(
    <StrictMode>
        <QueryClientProvider client={client}>
            <ToastsProvider>
                <Session>
                    <HashRouter>
                        <App />
                    </HashRouter>
                </Session>
            </ToastsProvider>
        </QueryClientProvider>
    </StrictMode>,
);
