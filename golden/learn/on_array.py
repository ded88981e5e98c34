"""One layer of weights on analog arrays: which array computes, what a sample changes. Signatures first; kernels follow.

    layer = TTv2(rows, columns, SoftBounds(dw_min=0.012), settings=Chopped(transfer_every=2), seed=1)
    y = layer.forward(x)            # x (columns,) or (batch, columns), y (rows,) or (batch, rows), float32
    z = layer.backward(d)           # d (rows,) or (batch, rows), z (columns,) or (batch, columns): W^T d
    layer.update(x, d, lr)          # W -= lr d x^T in the mean; vectors of a batch one after the other
    layer.weights                   # what forward computes with, float32 (rows, columns): do not write into it
    layer.program(w)                # sets the weights exactly, within each cell's bounds (initialisation)
    layer.state() -> dict[str, array]       layer.restore(state)

A bias is a column like any other: whoever calls appends a 1 to x (last column) and drops the last element of z.
`update` takes the gradient: d = dC/dy, the layer moves against it.

    ArraySGD(rows, columns, device, seed=, forward=, backward=, update=)
    TTv1(rows, columns, device, slow=None, settings=Transfer(), seed=, forward=, backward=, update=, read=, reference=None)
    TTv2(... the same, settings=Buffered())         settings: Buffered | Chopped | Dynamic | Leaky | Units (see `filters`)
    ChoppedTTv2(... settings=Chopped(in_chop_prob=0.1))
    AGAD(... settings=Dynamic(in_chop_prob=0.1))
    MixedPrecision(rows, columns, device, settings=Mixed(), seed=, ...)

device : device of A (and of C unless `slow` names another); forward, backward : `analog.periphery.Periphery` of the
computing array; update : `analog.update.Update` of the outer product on A; read : Periphery of the one-hot reads of A;
reference : None, "symmetry" (A is read as A - R, R the symmetry point of each cell, and A starts at R) or an array R.
"""
