"""The two texts that the book's language models are trained on.

`TALE` was written for this book, in few words, so that a small model can learn it.
`OPENINGS` are the first paragraphs of the chapters 1 to 10, as they stood on
25 November 2026. Both are under the book's licence, CC BY 4.0.
"""

# --8<-- [start:tale]
TALE = """\
the cat lived in the old mill by the river. the dog lived in the red house on the
hill. between the mill and the hill there was a road, and by the road there was a
tree.

in the morning the cat sat under the tree. the sun was warm and the river was slow.
the dog came down the hill. the cat saw the dog. the dog saw the cat. the cat ran up
the tree, and the dog sat down under the tree. the dog looked at the cat. the cat
looked at the dog. all day the cat sat in the tree, and all day the dog sat under
the tree. in the evening the dog went up the hill, and the cat went down to the
mill.

the next morning the bird came to the tree. the bird saw the cat on the road. the
cat saw the bird in the tree. the cat ran to the tree, but the bird was not slow.
the bird went over the river, and the cat sat down by the water. then the dog came
down the hill and saw the cat by the water. the dog did not run. the dog walked to
the river and looked at the water. the cat looked at the dog. the dog was old and
the dog was not bad. so the cat and the dog sat by the river and saw the fish in the
water.

that night there was rain. the rain fell on the mill and on the hill and on the
road. the river was not slow any more. the water came over the road, and the water
came to the mill. the cat went up to the roof of the old mill. the cat was wet and
the cat was cold. the cat saw the water on the road. the cat saw the water under the
tree. the cat called to the hill, and the dog in the red house woke up.

the dog ran down the hill in the rain. the water was cold and the road was gone. the
dog saw the cat on the roof. the dog went into the water and the dog swam to the
mill. the cat looked at the dog and the cat looked at the river. then the cat jumped
from the roof and sat on the back of the dog. the dog swam over the road, and the
dog swam to the hill, and the cat did not fall. the cat and the dog ran up the hill
to the red house. there was a fire in the red house, and the fire was warm. the cat
sat by the fire, and the dog sat by the cat.

in the morning the sun came over the hill. the rain was gone and the river was slow.
the bird sat in the tree and looked at the mill. the mill had no roof any more. the
cat saw the mill from the hill. the dog saw the cat look at the mill. the dog walked
to the door and the dog looked back at the cat. the cat walked in, and the cat sat
by the fire.

so the cat lived in the red house on the hill, and the dog lived there with the cat.
in the morning the cat and the dog walked down the hill to the tree by the road. the
dog sat under the tree. the cat sat in the tree and looked at the river. the bird
came over the water and the bird saw the cat and the dog. the cat saw the bird, but
the cat did not run. the sun was warm, and the river was slow, and the fish were in
the water.

when the snow came, the hill was white and the road was white and the river did not
run. the cat did not like the snow. the dog did like the snow. the dog ran down the
white hill and ran up the white hill, and the cat looked from the door. the bird
came to the door, and the bird was cold. the dog saw the bird. the cat saw the bird.
the cat looked at the dog, and the dog looked at the cat. then the cat walked back
to the fire, and the bird came in. so the bird sat over the door, and the dog sat by
the door, and the cat sat by the fire. all night the snow fell on the hill, and all
night the fire was warm.

when the snow was gone, the water in the river was cold and the fish were back. the
bird went out of the door and over the hill and over the road to the tree. the cat
and the dog walked down the hill. the bird called to the cat from the tree. the cat
did not run to the bird. the cat sat down on the road by the dog. the dog looked at
the mill, and the cat looked at the mill. there was grass on the old mill, and there
was a bird on the grass. the river was slow, the sun was warm, and the day was long.
that is all there is to tell of the cat and the dog and the bird and the old mill by
the river.
"""
# --8<-- [end:tale]

# --8<-- [start:openings]
OPENINGS = """\
Inside a transformer every word is a list of numbers (more exactly every token, a
word or a piece of one). When the model reads the king picked up his crown,
something must decide that his has more to do with king than with picked. At
its core it is a handful of multiplications and one sum: the dot product. This
chapter asks what that sum measures, and when it misleads.

Nearly all the arithmetic of a transformer is written with one sign: @. It is put
between two tables of numbers and means thousands, often billions, of dot products.
What does that one sign compute, what does it cost, and how can it give a wrong
answer without an error? This chapter takes it apart and puts it together again.

Numbers go into a neural network at one end and come out at the other. On the way
they are multiplied by matrices, which chapter 2 has shown you, and between the
matrices stands a small function that treats each number by itself. It looks like a
detail. Take it away, and a network of a hundred layers can do no more than a
network of one. This chapter asks what that function adds, and follows the numbers
through a whole network.

A network says that the next word is queen with probability 0.7, and the next word
is king. How wrong was it? Training needs the answer as a number, because it can
only make a number smaller. There are many formulas for it: squares, logarithms,
sums over classes. This chapter asks where they come from, and finds one recipe
behind them: ask how probable the truth was, and take minus the logarithm.

A network has weights, and a loss says how wrong it is. In which direction should
each weight move, and how strongly does it count? A large model has billions of
weights, and the answer for all of them together costs about as much as two more
forward passes. This chapter derives that answer, called backpropagation, one
product at a time.

Chapter 5 gave you every gradient of a network with two layers. A large transformer
has a hundred and more in a row, and the first of them learns only from what has
come back through all the others. This chapter asks what is left of a gradient by
then, and how the numbers that you start with decide it. The starting weights are
random, so the answer takes a little probability, and most of it can be measured.

A gradient says which way is downhill. It does not say how far to go. Step too
short, and training takes weeks; step too far, and the loss climbs until it is no
longer a number. The rule that turns gradients into steps is called an optimiser.
This chapter asks what a good one does, and why most large transformers are trained
with nearly the same one, Adam.

Chapter 5 derived each gradient of a two-layer network on paper. A transformer is
hundreds of operations deep, and its authors change them daily. Nobody derives those
gradients by hand: a library does it, the moment somebody writes loss.backward().
This chapter asks how a program can find the derivative of a program, by using
such a library, PyTorch, and then by building one.

A network with enough weights can learn sixty examples by heart, the mistakes in
them included. What you want from it is a right answer to the sixty-first. How far
are the two apart, and what can be done about it? The first half of this chapter
measures that, and two remedies: weights that pay for being large, and units that
drop out at random. The second half is about layers that bring numbers back to mean
0 and spread 1. A large transformer has dozens of them, and their gradient is the
first one that runs through a mean and a variance.

Nine chapters lie behind you. Each of them took one idea apart. Do they fit together
again? This chapter asks what each idea is worth: it builds one network from them,
takes one idea out at a time, and measures what is lost.
"""
# --8<-- [end:openings]
