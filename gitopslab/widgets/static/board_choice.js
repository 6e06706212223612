// The board's menus: which namespace, which groups of nodes, and whose pods stand out.

class BoardMenus {
  constructor(chosen) {
    this.namespace = menu("Namespace", () => chosen({ namespace: this.namespace.value }));
    this.group = menu("Group the nodes", () => chosen({ group: this.group.value }));
    this.select = menu("Whose pods stand out", () => chosen({ select: this.select.value }));
  }

  get elements() {
    return [this.select, this.group, this.namespace];
  }

  draw({ namespaces, groupings, choices }, { namespace = "", group = "", select = "" }) {
    fill(this.namespace, [["", "all namespaces"], ...namespaces.map((name) => [name, name])], namespace);
    fill(this.group, [["", "one group"], ...groupings.map((key) => [key, `by ${key.split("/").at(-1)}`])], group);
    const here = choices.filter((choice) => !namespace || choice.namespace === namespace);
    const several = new Set(here.map((choice) => choice.namespace)).size > 1;
    const words = ({ kind, name, namespace: home }) => `${SHORT_KINDS[kind] ?? kind} ${name}${several ? ` (${home})` : ""}`;
    fill(this.select, [["", "all pods alike"], ...here.map((choice) => [choice.key, words(choice)])], select);
    hide(this.group, !groupings.length);
    hide(this.select, !here.length);
  }
}

const SHORT_KINDS = { PersistentVolumeClaim: "Claim" };

function menu(label, changed) {
  const made = el("select", { "aria-label": label, title: label });
  made.addEventListener("change", changed);
  return made;
}

function fill(select, rows, value) {
  const all = rows.some(([key]) => key === value) ? rows : [...rows, [value, value.split("/").at(-1)]];
  keyed(select, all, ([key, words]) => `${key} ${words}`, ([key, words]) => el("option", { value: key }, words), () => {});
  if (select.value !== value) select.value = value;
}
