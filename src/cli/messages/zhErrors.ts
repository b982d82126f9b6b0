/** The reasons of the system, as `describeFileError` words them. */
const REASONS: Readonly<Record<string, string>> = {
  "permission denied": "没有权限",
  "operation not permitted": "不允许此操作",
  "the file system is read-only": "文件系统是只读的",
  "no space left on the device": "磁盘已满",
  "the disk quota is used up": "磁盘配额已用完",
  "the file is too large": "文件太大",
  "it is a folder": "它是文件夹",
  "a part of the path is not a folder": "路径中有一部分不是文件夹",
  "the folder is not empty": "文件夹不是空的",
  "too many files are open": "打开的文件太多",
  "the name is too long": "名称太长",
  "it is in use": "它正在使用中",
  "it is not a regular file": "它不是普通文件",
  "no such file or folder": "没有这样的文件或文件夹",
  "it exists already": "它已存在",
  "the host is not found": "找不到主机",
};

type Pattern = readonly [RegExp, (...groups: string[]) => string];

const reason = (text: string) => REASONS[text] ?? text;
const partsInChinese = (text: string) =>
  text.replace("test", "测试").replace("validation", "验证").replace(" and ", "和");
/** A list in Chinese: "a、b 或 c" for "a, b or c". */
const listed = (text: string) =>
  text.replaceAll(", ", "、").replaceAll(" or ", " 或 ").replaceAll(" and ", " 和 ").replaceAll(" nor ", "、");

/** The usual errors: what is said in English, and in Chinese with the same details. */
const PATTERNS: readonly Pattern[] = [
  // Wrong usage.
  [
    /^unknown option '(.*)'(?: \(Did you mean (.*)\?\))?$/,
    (option, meant) => `未知选项“${option}”${didYouMean(meant)}`,
  ],
  [
    /^unknown command '(.*)'(?: \(Did you mean (.*)\?\))?$/,
    (command, meant) => `未知命令“${command}”${didYouMean(meant)}`,
  ],
  [/^missing required argument '(.*)'$/, (name) => `缺少参数“${name}”`],
  [/^required option '(.*)' not specified$/, (option) => `缺少选项“${option}”`],
  [/^option '(.*)' argument missing$/, (option) => `选项“${option}”缺少值`],
  [/^option '(.*)' cannot be used with option '(.*)'$/, (one, other) => `选项“${one}”不能与选项“${other}”同时使用`],
  [
    /^unexpected argument '(.*)'(?: \(Did you mean (.*)\?\))?$/,
    (argument, meant) => `多余的参数“${argument}”${didYouMean(meant)}`,
  ],
  [
    /^option '(.*)' argument '(.*)' is invalid\. (.*)$/,
    (option, value, rule) => `选项“${option}”的值“${value}”无效。${ruleInChinese(rule)}`,
  ],
  [
    /^argument '(.*)' is invalid for <(.*)>\. (.*)$/,
    (value, name, rule) => `参数 <${name}> 的值“${value}”无效。${ruleInChinese(rule)}`,
  ],
  // Files and folders.
  [/^(.*) does not exist$/, (path) => `${path} 不存在`],
  [/^cannot read the folder (.*): (.*)$/, (path, why) => `无法读取文件夹 ${path}：${reason(why)}`],
  [/^cannot read (.*): (.*)$/, (path, why) => `无法读取 ${path}：${reason(why)}`],
  [/^cannot write (.*): (.*)$/, (path, why) => `无法写入 ${path}：${reason(why)}`],
  [/^cannot create the folder (.*): (.*)$/, (path, why) => `无法创建文件夹 ${path}：${reason(why)}`],
  [
    /^(.*) already exists: choose another file with --out, or replace it with --force$/,
    (path) => `${path} 已存在：请用 --out 指定其他文件，或用 --force 覆盖`,
  ],
  [
    /^(.*) already exists: choose another folder with --out(?:, or continue (?:the run|its sweep)(?: in it)? with (.*))?$/,
    (path, resume) => `${path} 已存在：请用 --out 指定其他文件夹${resume ? `，或用 ${resume} 继续其中的训练` : ""}`,
  ],
  [/^(.*) is not a run folder: it has no (.*)$/, (path, file) => `${path} 不是运行文件夹：其中没有 ${file}`],
  [/^(.*) is not a run folder$/, (path) => `${path} 不是运行文件夹`],
  [
    /^(.*) is not a sweep folder(?:: it has no (.*))?$/,
    (path, file) => `${path} 不是 sweep 的文件夹${file ? `：其中没有 ${file}` : ""}`,
  ],
  [/^(.*) (?:is not a folder|has no class folders): .*$/, (path) => `${path} ${CLASS_FOLDERS}`],
  [
    /^(.*): the file is not a .pth, .safetensors or .onnx file$/,
    (path) => `${path} 不是 .pth、.safetensors 或 .onnx 文件`,
  ],
  [/^no images in (.*)$/, (paths) => `${paths} 中没有图片`],
  [/^(\d+) of ([\d,]+) images? cannot be read$/, (bad, all) => `${all} 张图片中有 ${bad} 张无法读取`],
  // Data.
  [
    /^(.*) is missing: found neither (.*) in (.*)$/,
    (title, names, folders) => `缺少 ${title}：在 ${listed(folders)} 中找不到 ${listed(names)}`,
  ],
  [
    /^(.*) is not on this machine: looked in (.*); the download failed: (.*); (run "(.*)" or )?name a folder that holds its files with --data-dir DIR$/,
    (title, folders, why, _, command) =>
      `这台机器上没有 ${title}：找过 ${listed(folders)}；下载失败：${downloads(why)}；请${command ? `运行“${command}”，或` : ""}用 --data-dir DIR 指定存放其文件的文件夹`,
  ],
  [
    /^(.*) cannot be fetched; the download failed: (.*); .*$/,
    (title, why) => `无法获取 ${title}；下载失败：${downloads(why)}；请用 --data-dir DIR 指定存放其文件的文件夹`,
  ],
  [/^(.*) holds no data set: .*$/, (path) => `${path} 中没有数据集`],
  [
    /^(.*) holds several data sets: name the folder of one, (.*)$/,
    (path, folders) => `${path} 中有多个数据集：请指定其中一个的文件夹，${listed(folders)}`,
  ],
  [
    /^(.*) holds CIFAR-10 for Python, which cannot be read: (.*) can, see "(.*)"$/,
    (path, archive, command) => `${path} 是供 Python 使用的 CIFAR-10，无法读取：需要 ${archive}，参见“${command}”`,
  ],
  [/^(.*) has only one class, .*$/, (path) => `${path} 只有一个类别：至少需要两个类别，每个类别一个文件夹`],
  [/^(.*) has no test images: try --split val$/, (data) => `${data} 没有测试图片：请试试 --split val`],
  [
    /^(.*) has images of (.*), but the network takes (\d+) to (\d+) rows and columns: .*$/,
    (data, size, least, most) =>
      `${data} 的图片是 ${size}，而网络的输入是 ${least} 到 ${most} 行和列：请用 --input 指定大小`,
  ],
  [
    /^(.*), the data of this run, does not exist: .*$/,
    (path) => `这次运行的数据 ${path} 不存在：若已移动，请用 --data DIR 指定其文件夹`,
  ],
  [
    /^(.*) was trained on other images: the checksum of (.*) has changed$/,
    (path, data) => `${path} 是用其他图片训练的：${data} 的校验和变了`,
  ],
  [
    /^(.*) has (\d+) classes, (.*) has (\d+)$/,
    (path, one, data, other) => `${path} 有 ${one} 个类别，${data} 有 ${other} 个`,
  ],
  [
    /^(.*): the classes are uneven: "(.*)" has (\d+) training images, "(.*)" only (\d+)$/,
    (path, most, many, least, few) =>
      `${path}：各类别的图片数不均：“${most}”有 ${many} 张训练图片，“${least}”只有 ${few} 张`,
  ],
  [
    /^(.*): (\d+) images? of the (.*) (?:is|are) also among the training images, such as (.*) and (.*): .*$/,
    (path, count, parts, one, other) =>
      `${path}：${count} 张${partsInChinese(parts)}图片也在训练图片中，例如 ${one} 和 ${other}：准确率会偏高`,
  ],
  [
    /^(.*): the images' sizes are very uneven, from (.*) to (.*); all are resized to (.*)$/,
    (path, smallest, largest, size) => `${path}：图片大小相差很大，从 ${smallest} 到 ${largest}；都缩放为 ${size}`,
  ],
  [
    /^the network has learned nothing: it predicts "(.*)" for all ([\d,]+) images$/,
    (label, count) => `网络什么也没学到：把全部 ${count} 张图片都预测为“${label}”`,
  ],
  [
    /^the training has failed: the loss is (.*), and guessing has (.*)$/,
    (loss, chance) => `训练失败：损失为 ${loss}，而随机猜测是 ${chance}`,
  ],
  [
    /^(.*) was trained on other classes: class (\d+) is "(.*)" there, but "(.*)" in (.*)$/,
    (path, index, there, here, data) =>
      `${path} 是用其他类别训练的：类别 ${index} 在那里是“${there}”，在 ${data} 中是“${here}”`,
  ],
  // Recipes.
  [/^(.*\.json): it is not JSON: (.*)$/, (file, why) => `${file} 不是 JSON：${why}`],
  [
    /^(.*\.json): (.*) are missing: name the recipe that has them, such as (.*)$/,
    (file, fields, example) => `${file}：缺少 ${listed(fields)}：请指定含有它们的配方，如 ${example}`,
  ],
  [
    /^(.*\.json): (\S+): is missing: it must be (.*)$/,
    (file, field, expected) => `${file}：缺少 ${field}：必须是${expectedInChinese(expected)}`,
  ],
  [
    /^(.*\.json): (\S+): must be (.*), not (.*)$/,
    (file, field, expected, found) => `${file}：${field} 必须是${expectedInChinese(expected)}，而不是 ${found}`,
  ],
  [
    /^(.*\.json): (?:(\S+): )?there is no field "(.*)"; there are (.*)$/,
    (file, field, name, names) => `${file}：${field ? `${field} ` : ""}没有字段“${name}”；可用的有 ${listed(names)}`,
  ],
  // Runs.
  [
    /^(.*) is complete \((\d+) epochs?, result in (.*)\); extend it with --epochs N, N above (\d+)$/,
    (path, epochs, file, least) =>
      `${path} 已完成（${epochs} 轮，结果在 ${file} 中）；要延长它，请用 --epochs N，N 大于 ${least}`,
  ],
  [
    /^(.*) is not finished, and only a finished run can be extended: .*$/,
    (path) => `${path} 尚未完成，只有完成的运行才能延长：请先不带 --epochs 继续训练`,
  ],
  [/^(.*) has no finished epoch to plot$/, (path) => `${path} 还没有完成任何一轮，画不出曲线`],
  [/^nobody can be asked here: confirm with --yes$/, () => "这里无法询问：请用 --yes 确认"],
  [/^interrupted$/, () => "已中断"],
  [
    /^interrupted after (\d+) of ([\d,]+) runs?; resume with: (.*)$/,
    (done, runs, command) => `已中断，${runs} 次运行中已完成 ${done} 次；继续：${command}`,
  ],
  [
    /^interrupted; the partial download is kept, resume with: (.*)$/,
    (command) => `已中断；已下载的部分会保留，继续下载：${command}`,
  ],
  [
    /^(\d+) of ([\d,]+) runs? failed, see the reasons above$/,
    (failed, runs) => `${runs} 次运行中有 ${failed} 次失败，原因见上`,
  ],
];

/** The reasons why an image cannot be used. */
const IMAGE_REASONS: readonly Pattern[] = [
  [/^not a supported image \((.*)\)$/, (formats) => `不是支持的图片（${listed(formats)}）`],
  [/^not a regular file$/, () => "不是普通文件"],
  [/^the file is empty$/, () => "文件是空的"],
  [/^damaged: .*$/, () => "图片已损坏"],
  [/^too large: (\d+x\d+) pixels, .*$/, (size) => `图片太大：${size} 像素`],
  [/^too large: (.*), the limit is (.*)$/, (size, most) => `文件太大：${size}，上限为 ${most}`],
  [/^cannot read (?:it|the folder): (.*)$/, (why) => `无法读取：${reason(why)}`],
  [/^it is not in a class folder$/, () => "不在类别文件夹中"],
  [/^it is not a file$/, () => "不是文件"],
  [/^the folder is not train, val or test$/, () => "文件夹不是 train、val 或 test"],
];

/** What a value must be. */
const RULES: readonly Pattern[] = [
  [/^It must be an integer from (.*) to (.*?)\.?$/, (least, most) => `必须是 ${least} 到 ${most} 的整数`],
  [/^It must be a number above (.*) and below (.*?)\.?$/, (low, high) => `必须是大于 ${low} 且小于 ${high} 的数`],
  [
    /^It must be a number of at least (.*) and below (.*?)\.?$/,
    (low, high) => `必须是不小于 ${low} 且小于 ${high} 的数`,
  ],
  [
    /^It must be (.*) or the path of a folder(?: \(Did you mean (.*)\?\))?\.?$/,
    (names, meant) => `必须是 ${listed(names)}，或文件夹的路径${didYouMean(meant)}`,
  ],
  [
    /^Allowed choices are (.*?)(?: \(Did you mean (.*)\?\))?\.?$/,
    (names, meant) => `可选的值：${listed(names)}${didYouMean(meant)}`,
  ],
  [/^It must end in (.*?)\.?$/, (endings) => `文件名必须以 ${listed(endings)} 结尾`],
];

/** What a folder of images must hold. */
const CLASS_FOLDERS =
  "中没有类别文件夹：每个类别需要一个图片文件夹，如 FOLDER/cat/1.jpg，或 FOLDER/train/cat/1.jpg 和 FOLDER/test/…";

/** What a field must be: the phrases that recipe files usually need. */
function expectedInChinese(text: string): string {
  return translated(text, [
    [/^a number$/, () => "数"],
    [/^a whole number$/, () => "整数"],
    [/^a string$/, () => "字符串"],
    [/^an object$/, () => "对象"],
    [/^true or false$/, () => " true 或 false"],
    [/^at least (.*)$/, (least) => `不小于 ${least} 的数`],
    [/^at most (.*)$/, (most) => `不大于 ${most} 的数`],
    [/^above (.*)$/, (low) => `大于 ${low} 的数`],
    [/^below (.*)$/, (high) => `小于 ${high} 的数`],
    [/^(.*)$/, (values) => ` ${listed(values)}`],
  ]);
}

/** The addresses that were tried, each with its reason. */
function downloads(text: string): string {
  return text.replace(/: ([a-z][^,:]*)(?=, http|$)/g, (_, why) => `：${reason(why)}`).replaceAll(", http", "，http");
}

/** Why an image cannot be used, in Chinese if it is a usual reason. */
export function imageReasonInChinese(text: string): string {
  return translated(text, IMAGE_REASONS);
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? "" : `（是否指 ${name}？）`;
}

function ruleInChinese(rule: string): string {
  return translated(rule, RULES);
}

/** An error's message in Chinese, if it is a usual one; otherwise as it is. */
export function errorInChinese(message: string): string {
  return translated(message, PATTERNS);
}

function translated(text: string, patterns: readonly Pattern[]): string {
  for (const [pattern, inChinese] of patterns) {
    const match = pattern.exec(text);
    if (match) return inChinese(...match.slice(1));
  }
  return text;
}
