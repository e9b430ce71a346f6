import { defineConfig } from "vite";
import { licenses } from "./licenses.js";

// Its texts are English, so the component library's other languages stay out of the pages.
const englishOnly = {
    name: "english-only",
    enforce: "pre",
    resolveId(source, importer) {
        const name = /\/intl\/.*([a-z]{2}-[A-Z]{2})\.mjs$/.exec(source);
        return name && name[1] !== "en-US" && importer?.includes("react-aria") ? "\0no-texts" : null;
    },
    load(id) {
        return id === "\0no-texts" ? "export default {}" : null;
    },
};

export default defineConfig({
    // The shop may live in any folder.
    base: "./",
    plugins: [englishOnly, licenses()],
    build: {
        target: "es2022",
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        reportCompressedSize: false,
        rollupOptions: {
            // The dashboard, and the API's documentation at /docs.
            input: ["index.html", "docs.html"],
            onwarn: (warning, warn) => {
                // "use client" means something to servers that render React, and there is none.
                if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
            },
        },
    },
    esbuild: { jsx: "automatic", legalComments: "none" },
});
