<h1>Waal</h1>
<p><?= "PHP " . PHP_VERSION ?></p>
