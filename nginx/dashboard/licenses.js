// What the authors of the libraries in the pages ask for: their licences, as a page of its own.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

function packageOf(module) {
    let folder = dirname(module.replace(/^\0/, "").replace(/\?.*$/, ""));
    while (folder.includes("node_modules")) {
        const file = join(folder, "package.json");
        const about = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
        if (about.name && about.version) return { folder, ...about };
        folder = dirname(folder);
    }
    return null;
}

function textOf({ folder, name, version, license }) {
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `${license}` : readFileSync(join(folder, file), "utf8").trim();
    return `${name} ${version}\n\n${text}\n`;
}

/** A plugin that writes licenses.txt beside the pages. */
export function licenses() {
    return {
        name: "licenses",
        generateBundle(_, bundle) {
            const modules = Object.values(bundle).flatMap((chunk) => Object.keys(chunk.modules ?? {}));
            const packages = modules.map(packageOf).filter((found) => found !== null);
            const texts = [...new Set(packages.map(textOf))].sort();
            const source = `The dashboard contains these libraries.\n\n${texts.join(`\n${"-".repeat(72)}\n\n`)}`;
            this.emitFile({ type: "asset", fileName: "licenses.txt", source });
        },
    };
}
