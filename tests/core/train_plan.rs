//! Networks as data: shapes, counts of parameters, and what is wrong with a plan.
//!
//! Order: shapes by hand → the published networks' numbers → widths → bad plans and settings.

use stemloom::dataset::ExampleShapes;
use stemloom::train::{
    IbmCnn, IbmCnnDeep, Init, NetworkSpec, Op, PatchDiscriminator, Plan, UnetMask, UnetMel,
    UnetPix2pix, Vad,
};

use crate::common::setting_name;

pub fn shapes(input: [usize; 3], target: [usize; 3]) -> ExampleShapes {
    ExampleShapes { input, target }
}

/// Picture to picture of one size.
fn pictures(channels_in: usize, channels_out: usize, rows: usize, columns: usize) -> ExampleShapes {
    shapes([channels_in, rows, columns], [channels_out, rows, columns])
}

pub fn conv(out: usize, kernel: [usize; 2], stride: [usize; 2], pads: [usize; 4]) -> Op {
    Op::Conv {
        out,
        kernel,
        stride,
        pads,
        dilation: [1, 1],
        bias: true,
    }
}

#[test]
fn shapes_are_those_found_by_hand() {
    let mut plan = Plan::new("small", [2, 9, 8], Init::GlorotUniform);
    // Rows (9 + 1 + 2 − 3)/2 + 1 = 5, columns (8 + 0 + 1 − 2)/1 + 1 = 8.
    let a = plan.add("a", conv(4, [3, 2], [2, 1], [1, 0, 2, 1]), &[0]);
    let norm = Op::BatchNorm {
        eps: 1e-3,
        momentum: 0.99,
    };
    let n = plan.add("n", norm, &[a]);
    // Rows (5 − 1)·2 − 2·1 + 3 + 1 = 10, columns (8 − 1)·1 − 0 + 2 + 0 = 9.
    let up = Op::Deconv {
        out: 3,
        kernel: [3, 2],
        stride: [2, 1],
        padding: [1, 0],
        output_padding: [1, 0],
        bias: false,
    };
    let u = plan.add("u", up, &[n]);
    let p = plan.add("p", Op::MaxPool { kernel: [4, 2] }, &[u]);
    let j = plan.add("j", Op::Concat, &[p, p]);
    let s = plan.add("s", Op::Slice { channels: [1, 6] }, &[j]);
    let f = plan.add("f", Op::Flatten, &[s]);
    let d = plan.add("d", Op::Dense { out: 6, bias: true }, &[f]);
    plan.add("r", Op::Reshape { shape: [1, 2, 3] }, &[d]);
    let expected = [
        [2, 9, 8],
        [4, 5, 8],
        [4, 5, 8],
        [3, 10, 9],
        [3, 2, 4],
        [6, 2, 4],
        [5, 2, 4],
        [40, 1, 1],
        [6, 1, 1],
        [1, 2, 3],
    ];
    assert_eq!(plan.shapes().unwrap(), expected);
    assert_eq!(plan.output().unwrap(), [1, 2, 3]);
    // 4·2·3·2 + 4, 2·4, 4·3·3·2, 40·6 + 6; running statistics are not learned.
    let parameters: Vec<usize> = plan
        .table()
        .unwrap()
        .iter()
        .map(|row| row.parameters)
        .collect();
    assert_eq!(parameters, [0, 52, 8, 72, 0, 0, 0, 0, 246, 0]);
    assert_eq!(plan.parameters().unwrap(), 378);
    // A plan is data: it survives being written.
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

#[test]
fn published_networks_have_their_numbers_of_parameters() {
    let unet = || NetworkSpec::UnetPix2pix(UnetPix2pix::default());
    let patch = |patch| {
        NetworkSpec::PatchDiscriminator(PatchDiscriminator {
            patch,
            ..PatchDiscriminator::default()
        })
    };
    let cnn = NetworkSpec::IbmCnn(IbmCnn::default());
    let deep = NetworkSpec::IbmCnnDeep(IbmCnnDeep::default());
    let vad = NetworkSpec::Vad(Vad::default());
    let wide = pictures(3, 3, 512, 2048);
    let cases = [
        (unet(), pictures(1, 1, 256, 256), 54_408_833, [1, 256, 256]),
        (unet(), pictures(2, 1, 256, 256), 54_409_857, [1, 256, 256]),
        (unet(), wide, 54_414_979, [3, 512, 2048]),
        (patch(94), pictures(1, 1, 256, 256), 2_764_545, [1, 16, 16]),
        (patch(70), wide, 2_768_641, [1, 62, 254]),
        (
            cnn,
            shapes([1, 2049, 9], [1, 2049, 1]),
            3_246_353,
            [1, 2049, 1],
        ),
        (
            deep,
            shapes([1, 2049, 9], [1, 2049, 9]),
            14_733_769,
            [1, 2049, 9],
        ),
        // By hand: 16·9 + 16, three times 16·16·9 + 16, 16·57·2·64 + 64, 64 + 1.
        (vad, shapes([1, 513, 25], [1, 1, 1]), 123_985, [1, 1, 1]),
    ];
    for (spec, shapes, parameters, output) in cases {
        let plan = spec.plan(shapes).unwrap();
        assert_eq!(plan.parameters().unwrap(), parameters, "{}", plan.name);
        assert_eq!(plan.output().unwrap(), output, "{}", plan.name);
    }
}

#[test]
fn pix2pix_has_the_published_layers() {
    let spec = NetworkSpec::UnetPix2pix(UnetPix2pix::default());
    let table = spec
        .plan(pictures(1, 1, 256, 256))
        .unwrap()
        .table()
        .unwrap();
    let output = |name: &str| table.iter().find(|row| row.name == name).unwrap().output;
    for (name, shape) in [
        ("e1.act", [64, 128, 128]),
        ("e4.act", [512, 16, 16]),
        ("e8.act", [512, 1, 1]),
        ("d1.join", [1024, 2, 2]),
        ("d4.join", [1024, 16, 16]),
        ("d5.join", [512, 32, 32]),
        ("d7.join", [128, 128, 128]),
        ("out.act", [1, 256, 256]),
    ] {
        assert_eq!(output(name), shape, "{name}");
    }
    let has = |name: &str| table.iter().any(|row| row.name == name);
    assert!(!has("e1.norm") && has("e8.norm") && has("d3.dropout") && !has("d4.dropout"));
}

#[test]
fn the_bottleneck_of_wide_pictures_is_wide() {
    let spec = NetworkSpec::UnetPix2pix(UnetPix2pix::default());
    let plan = spec.plan(pictures(3, 3, 512, 2048)).unwrap();
    let table = plan.table().unwrap();
    let bottom = table.iter().find(|row| row.name == "e8.act").unwrap();
    assert_eq!(bottom.output, [512, 2, 8]);
}

/// A mask network learns through the product and is exported up to the mask.
#[test]
fn a_mask_network_is_exported_as_its_mask() {
    let spec = NetworkSpec::UnetMask(UnetMask::default());
    let plan = spec.plan(pictures(2, 3, 512, 128)).unwrap();
    assert_eq!(plan.output().unwrap(), [3, 512, 128]);
    assert_eq!(plan.nodes.last().unwrap().op, Op::Multiply);
    let exported = plan.exported();
    assert_eq!(exported.nodes.last().unwrap().op, Op::Sigmoid);
    assert_eq!(exported.output().unwrap(), [3, 512, 128]);
    assert_eq!(exported.export_node, None);
    assert_eq!(
        exported.parameters().unwrap(),
        plan.parameters().unwrap(),
        "what is cut off has no weights"
    );
}

#[test]
fn columns_are_free_where_nothing_counts_them() {
    let unet = NetworkSpec::UnetMask(UnetMask::default());
    let plan = unet.plan(pictures(1, 1, 512, 128)).unwrap();
    assert!(plan.free_width());
    assert_eq!(plan.width_multiple(), 64);
    assert_eq!(
        plan.with_columns(192).unwrap().output().unwrap(),
        [1, 512, 192]
    );
    let error = plan.with_columns(100).unwrap_err().to_string();
    assert!(error.contains("join"), "{error}");
    let mel = NetworkSpec::UnetMel(UnetMel::default());
    assert_eq!(
        mel.plan(pictures(1, 1, 512, 640)).unwrap().width_multiple(),
        32
    );
    let cnn = NetworkSpec::IbmCnn(IbmCnn::default());
    let plan = cnn.plan(shapes([1, 2049, 9], [1, 2049, 1])).unwrap();
    assert!(!plan.free_width());
    assert_eq!(plan.width_multiple(), 9);
}

#[test]
fn a_bad_plan_names_the_node() {
    let dense = Op::Dense { out: 2, bias: true };
    let late = Op::Deconv {
        out: 1,
        kernel: [2, 2],
        stride: [1, 1],
        padding: [0, 0],
        output_padding: [1, 0],
        bias: true,
    };
    let cases: [(Op, &[usize], &str); 14] = [
        (Op::Relu, &[1], "earlier"),
        (Op::Relu, &[7], "earlier"),
        (Op::Relu, &[], "nothing"),
        (Op::Relu, &[0, 0], "takes 1"),
        (Op::Multiply, &[0], "takes 2"),
        (Op::Input, &[0], "node 0"),
        (conv(0, [1, 1], [1, 1], [0; 4]), &[0], "out"),
        (conv(1, [7, 1], [1, 1], [0; 4]), &[0], "7 rows"),
        (conv(1, [1, 1], [1, 0], [0; 4]), &[0], "step"),
        (late, &[0], "output_padding"),
        (dense, &[0], "flattened"),
        (Op::Reshape { shape: [1, 1, 5] }, &[0], "hold"),
        (Op::Slice { channels: [1, 3] }, &[0], "2 channels"),
        (Op::Dropout { rate: 1.0 }, &[0], "rate"),
    ];
    for (op, inputs, words) in cases {
        let mut plan = Plan::new("bad", [2, 4, 4], Init::HeNormal);
        plan.add("culprit", op.clone(), inputs);
        let message = plan.shapes().unwrap_err().to_string();
        assert!(message.contains("culprit"), "{op:?}: {message}");
        assert!(message.contains(words), "{op:?}: {message}");
        assert!(plan.parameters().is_err() && plan.table().is_err());
    }
    // Shapes that do not go together, and names that are not a node's own.
    let mut plan = Plan::new("bad", [2, 4, 4], Init::HeNormal);
    let half = plan.add("half", Op::MaxPool { kernel: [2, 2] }, &[0]);
    plan.add("culprit", Op::Concat, &[0, half]);
    assert!(plan.shapes().unwrap_err().to_string().contains("culprit"));
    for name in ["", "input", "output"] {
        let mut plan = Plan::new("bad", [2, 4, 4], Init::HeNormal);
        plan.add(name, Op::Relu, &[0]);
        assert!(plan.shapes().is_err(), "{name:?}");
    }
    let mut twice = Plan::new("bad", [2, 4, 4], Init::HeNormal);
    twice.add("a", Op::Relu, &[0]);
    twice.add("a", Op::Relu, &[1]);
    assert!(twice.shapes().is_err());
    let mut beyond = Plan::new("bad", [2, 4, 4], Init::HeNormal);
    beyond.export_node = Some(3);
    assert!(beyond.shapes().is_err());
    assert!(
        Plan::new("bad", [0, 4, 4], Init::HeNormal)
            .shapes()
            .is_err()
    );
}

#[test]
fn settings_have_defaults_and_unknown_ones_are_told() {
    let parsed = |text: &str| toml::from_str::<NetworkSpec>(text);
    assert_eq!(
        parsed("kind = \"unet-pix2pix\"").unwrap(),
        NetworkSpec::UnetPix2pix(UnetPix2pix::default())
    );
    let mask = parsed("kind = \"unet-mask\"\ndepth = 4\nbounded = false").unwrap();
    let NetworkSpec::UnetMask(mask) = mask else {
        panic!("another network");
    };
    assert_eq!((mask.depth, mask.bounded, mask.kernel), (4, false, 5));
    for kind in [
        "patch-discriminator",
        "unet-mel",
        "ibm-cnn",
        "ibm-cnn-deep",
        "vad",
    ] {
        let spec = parsed(&format!("kind = {kind:?}")).unwrap();
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(parsed(&text).unwrap(), spec, "{kind}");
        assert!(parsed(&format!("kind = {kind:?}\nsize = 3")).is_err());
    }
    assert!(parsed("kind = \"unet\"").is_err());
}

#[test]
fn settings_that_do_not_fit_the_pictures_are_errors() {
    let unet = |depth, base_filters| {
        NetworkSpec::UnetPix2pix(UnetPix2pix {
            depth,
            base_filters,
            ..UnetPix2pix::default()
        })
    };
    let error = unet(8, 64).plan(pictures(1, 1, 250, 256)).unwrap_err();
    assert!(error.to_string().contains("256"), "{error}");
    assert_eq!(setting_name(error), "network.depth");
    let refused = |spec: NetworkSpec, shapes| setting_name(spec.plan(shapes).unwrap_err());
    let small = pictures(1, 1, 16, 16);
    assert_eq!(refused(unet(0, 64), small), "network.depth");
    assert_eq!(refused(unet(40, 64), small), "network.depth");
    assert_eq!(refused(unet(2, 0), small), "network.base_filters");
    let apart = shapes([1, 16, 16], [1, 16, 8]);
    assert_eq!(refused(unet(2, 4), apart), "network");
    let patch = PatchDiscriminator {
        patch: 80,
        ..PatchDiscriminator::default()
    };
    let patch = NetworkSpec::PatchDiscriminator(patch);
    assert_eq!(refused(patch, small), "network.patch");
    // Rows that do not survive two poolings over 12.
    let cnn = NetworkSpec::IbmCnn(IbmCnn::default());
    assert_eq!(refused(cnn, shapes([1, 100, 9], [1, 100, 1])), "network");
    let dropped = UnetMel {
        dropout: 1.5,
        depth: 2,
        ..UnetMel::default()
    };
    assert_eq!(refused(NetworkSpec::UnetMel(dropped), small), "network");
}

/// How many batch normalisations a plan has, and whether all its convolutions have biases.
fn norms_and_biases(plan: &Plan) -> (usize, bool) {
    let is_norm = |op: &Op| matches!(op, Op::BatchNorm { .. });
    let norms = plan.nodes.iter().filter(|node| is_norm(&node.op)).count();
    let all = plan.nodes.iter().all(|node| match node.op {
        Op::Conv { bias, .. } | Op::Deconv { bias, .. } => bias,
        _ => true,
    });
    (norms, all)
}

#[test]
fn normalisation_is_a_setting_of_every_network() {
    let voices = shapes([1, 150, 9], [1, 150, 1]);
    let mask = |norm| {
        NetworkSpec::UnetMask(UnetMask {
            base_filters: 2,
            depth: 2,
            norm,
            ..UnetMask::default()
        })
    };
    let patch = |norm| {
        NetworkSpec::PatchDiscriminator(PatchDiscriminator {
            base_filters: 4,
            norm,
            ..PatchDiscriminator::default()
        })
    };
    let vad = |norm| {
        NetworkSpec::Vad(Vad {
            norm,
            ..Vad::default()
        })
    };
    let cnn = |norm| {
        NetworkSpec::IbmCnn(IbmCnn {
            norm,
            ..IbmCnn::default()
        })
    };
    let deep = |norm| {
        NetworkSpec::IbmCnnDeep(IbmCnnDeep {
            norm,
            ..IbmCnnDeep::default()
        })
    };
    let seconds = shapes([1, 513, 25], [1, 1, 1]);
    let count = |spec: NetworkSpec, shapes| {
        let plan = spec.plan(shapes).unwrap();
        let (norms, biased) = norms_and_biases(&plan);
        (plan.parameters().unwrap(), norms, biased)
    };
    // 5×5 times 1·2, 2·4, 4·2 and 4·1 channels; gains and offsets of 2, 4 and 2, and the last bias;
    // or biases of 2, 4, 2 and 1.
    let small = pictures(1, 1, 8, 8);
    assert_eq!(
        count(mask(true), small),
        (50 + 200 + 200 + 100 + 17, 3, false)
    );
    assert_eq!(
        count(mask(false), small),
        (50 + 200 + 200 + 100 + 9, 0, true)
    );
    // 4×4: 2·4, 4·8, 8·16, 16·32, 32·1 channels; gains and offsets of 8, 16 and 32.
    let weights = 16 * (8 + 32 + 128 + 512 + 32) + 1;
    let large = pictures(1, 1, 32, 32);
    assert_eq!(count(patch(true), large), (weights + 2 * 56, 3, false));
    assert_eq!(count(patch(false), large), (weights + 60, 0, true));
    // Of four times 16 channels, a gain and an offset in place of a bias.
    assert_eq!(count(vad(false), seconds), (123_985, 0, true));
    assert_eq!(count(vad(true), seconds), (123_985 + 4 * 16, 4, false));
    // Channels 16, 64 and 32 (16 of the deep one) beside their biases.
    let (plain, none, _) = count(cnn(false), voices);
    let (normed, three, _) = count(cnn(true), voices);
    assert_eq!((none, three, normed - plain), (0, 3, 2 * (16 + 64 + 32)));
    let all = shapes([1, 150, 9], [1, 150, 9]);
    let (plain, none, _) = count(deep(false), all);
    let (normed, three, _) = count(deep(true), all);
    assert_eq!((none, three, normed - plain), (0, 3, 2 * (16 + 64 + 16)));
    // As published where nothing is said.
    let defaults = [
        UnetMask::default().norm,
        PatchDiscriminator::default().norm,
        IbmCnnDeep::default().norm,
        IbmCnn::default().norm,
        Vad::default().norm,
    ];
    assert_eq!(defaults, [true, true, true, false, false]);
}

#[test]
fn a_discriminator_drops_values_where_it_is_asked_to() {
    let spec = |dropout| {
        NetworkSpec::PatchDiscriminator(PatchDiscriminator {
            base_filters: 4,
            dropout,
            ..PatchDiscriminator::default()
        })
    };
    let dropped = |dropout| -> Vec<String> {
        let plan = spec(dropout).plan(pictures(1, 1, 32, 32)).unwrap();
        let nodes = plan.nodes.into_iter();
        let dropped = nodes.filter(|node| matches!(node.op, Op::Dropout { .. }));
        dropped.map(|node| node.name).collect()
    };
    assert!(dropped(0.0).is_empty());
    assert_eq!(dropped(0.3), ["c2.dropout", "c3.dropout", "c4.dropout"]);
    let error = spec(1.0).plan(pictures(1, 1, 32, 32)).unwrap_err();
    assert_eq!(setting_name(error), "network");
}

#[test]
fn the_widths_of_mask_networks_follow_their_first() {
    let widths = |spec: NetworkSpec, columns| -> Vec<usize> {
        let plan = spec.plan(shapes([1, 150, 9], [1, 150, columns])).unwrap();
        let table = plan.table().unwrap();
        let named = ["c1.conv", "c2.conv", "c3.conv", "c4.conv"];
        named
            .map(|name| table.iter().find(|row| row.name == name).unwrap().output[0])
            .into()
    };
    let cnn = |base_filters| {
        NetworkSpec::IbmCnn(IbmCnn {
            base_filters,
            ..IbmCnn::default()
        })
    };
    let deep = |base_filters| {
        NetworkSpec::IbmCnnDeep(IbmCnnDeep {
            base_filters,
            ..IbmCnnDeep::default()
        })
    };
    assert_eq!(widths(cnn(32), 1), [32, 16, 64, 32]);
    assert_eq!(widths(cnn(5), 1), [5, 2, 10, 5]);
    assert_eq!(widths(cnn(1), 1), [1, 1, 2, 1]);
    assert_eq!(widths(deep(32), 9), [32, 16, 64, 16]);
    assert_eq!(widths(deep(6), 9), [6, 3, 12, 3]);
    for (spec, columns) in [(cnn(0), 1), (cnn(5000), 1), (deep(0), 9)] {
        let error = spec.plan(shapes([1, 150, 9], [1, 150, columns]));
        assert_eq!(setting_name(error.unwrap_err()), "network.base_filters");
    }
}
