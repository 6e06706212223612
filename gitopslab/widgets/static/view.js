// What every widget does with its model: a frame of its own, a drawing for each snapshot, and nothing left behind at the
// end. A widget says what it is in `static frame`, makes its parts in `build` and shows a snapshot in `draw`.

class View {
  constructor(model, root) {
    this.model = model;
    this.looks = model.get("_looks");
    this.options = model.get("_options");
    this.frame = new Frame(model, root, this.constructor.frame);
    this.ends = [() => this.frame.release()];
    this.build();
    this.follow("_snapshot", () => this.draw());
    this.draw();
  }

  /** Does `work` when a field of the model has changed: once a frame, however often that is. */
  follow(field, work) {
    const soon = oncePerFrame(work);
    this.model.on(`change:${field}`, soon);
    this.ends.push(() => this.model.off(`change:${field}`, soon), soon.cancel);
  }

  /** Lets pointer and keys reach the details of things: `things` is what a Hand wants to know of them. */
  reach(things) {
    this.card = new DetailCard(this.looks);
    this.hand = new Hand(this.frame.root, this.card, things);
    this.frame.root.append(this.card.element);
    this.ends.push(() => this.hand.release());
  }

  /** Tells Python from now on whether the widget is seen. */
  tellSight() {
    const sight = new Sight(this.model, this.frame.root);
    this.ends.push(() => sight.release());
  }

  destroy() {
    for (const end of this.ends.toReversed()) end();
  }
}

/** What a front end asks of a widget's script. */
const widget = (Widget) => ({
  render({ model, el: root }) {
    const view = new Widget(model, root);
    return () => view.destroy();
  },
});
