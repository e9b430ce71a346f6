// Line icons, 24 units wide; decoration beside words.
const shapes = {
    overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
    products: "M12 3 4 7.500v9L12 21l8-4.500v-9zM4 7.500 12 12l8-4.500M12 12v9",
    orders: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
    workflows: "M4 4h7v5H4zM13 15h7v5h-7zM7.500 9v8.500H13M16.500 15V6.500H11",
    notifications: "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 21h4",
    account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c1-3.500 4-5 7.500-5s6.500 1.500 7.500 5",
    health: "M3 12h4l3-7 4 14 3-7h4",
    users: "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 19.500c.8-3 3.200-4.500 6.500-4.500s5.700 1.500 6.500 4.500M16 5a3.500 3.500 0 0 1 0 6.500M18.500 15.500c1.600.7 2.600 2 3 4",
    trail: "M4 6h4M4 12h4M4 18h4M12 6h8M12 12h8M12 18h5",
    backups:
        "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3zM4 6v12c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
    admin: "M12 3l8 3v6c0 5-3.500 8-8 9-4.500-1-8-4-8-9V6zM9 12l2 2 4-4",
    theme: "M12 4v16a8 8 0 0 0 0-16zM12 4a8 8 0 0 0 0 16",
    leave: "M14 4H6v16h8M10 12h10M17 9l3 3-3 3",
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
    return (
        <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d={shapes[name]} />
        </svg>
    );
}
