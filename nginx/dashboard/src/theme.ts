// Light or dark: as the system has it, or as it was chosen in this browser.
import { useState } from "react";

export type Theme = "system" | "light" | "dark";

const key = "smartflow-theme";

function chosen(): Theme {
    try {
        const theme = localStorage.getItem(key);
        return theme === "light" || theme === "dark" ? theme : "system";
    } catch {
        return "system";
    }
}

/// Puts the choice on the page; the style sheets do the rest.
export function applyTheme(theme: Theme = chosen()): void {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
}

/// The choice, and how to make another.
export function useTheme(): [Theme, (theme: Theme) => void] {
    const [theme, setTheme] = useState(chosen);
    return [
        theme,
        (next) => {
            setTheme(next);
            applyTheme(next);
            try {
                localStorage.setItem(key, next);
            } catch {
                // It lasts as long as the page, then.
            }
        },
    ];
}
