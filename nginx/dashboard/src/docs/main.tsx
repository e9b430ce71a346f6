// The API's documentation, from the description that the same server has.
import "../styles/parts.css";
import "../styles/docs.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { applyTheme } from "../theme";
import { readDescription } from "./description";
import { Page } from "./page";

applyTheme();

const element = document.getElementById("root");
if (element === null) throw new Error("docs.html has no root");
const root = createRoot(element);
readDescription().then(
    (whole) =>
        root.render(
            <StrictMode>
                <Page whole={whole} />
            </StrictMode>,
        ),
    () =>
        root.render(
            <main className="noscript">
                <h1>SmartFlow API</h1>
                <p role="alert">The description can’t be read from the server. Load the page again later.</p>
            </main>,
        ),
);
