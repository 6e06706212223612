// What the board says of a pod in its details.

function podDetails(pod, looks, now) {
  const word = looks[pod.state].word;
  return {
    state: pod.state,
    name: pod.name,
    status: pod.status.toLowerCase() === word || pod.status === "Running" ? word : `${word} · ${pod.status}`,
    reason: pod.reason,
    facts: [
      ["namespace", pod.namespace],
      ["made by", pod.owner ? pod.owner.replace("/", " ") : "nobody: a bare pod"],
      ["node", pod.node || "none yet"],
      ["containers", `${pod.ready} of ${pod.containers} ready${pod.restarts ? `, restarted ${pod.restarts}×` : ""}`],
      ["image", pod.images],
      ["requests", pod.asks],
      ["age", ago(pod.since, now)],
    ],
    lists: newsLists(pod, now),
    command: pod.command,
  };
}
